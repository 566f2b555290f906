import Foundation
import HDF5
import TestSupport
import Testing

@Suite("Order of chunks")
struct ChunkOrderTests {
  @Test("a file's bytes do not depend on the order in which its datasets are released")
  func release() throws {
    try withTemporaryFolder { folder in
      func write(_ name: String, keepingFirst: Bool) throws -> Data {
        let path = "\(folder)/\(name).h5"
        try HDF5File.writeAtomically(to: path, overwrite: false) { file in
          let axis = try file.createDimension("sample", values: (0..<600).map { Int32($0) })
          var kept: [HDF5Dataset] = []
          for (index, dataset) in ["a", "b"].enumerated() {
            let values = (0..<600).map { Float($0 * (index + 1)) }
            let written = try file.write(dataset, values, axes: [axis], storage: .compressed)
            if keepingFirst == (index == 0) { kept.append(written) }
          }
          withExtendedLifetime(kept) {}
        }
        return try bytes(of: path)
      }
      let first = try write("one", keepingFirst: true)
      #expect(try write("two", keepingFirst: false) == first)
    }
  }
}
