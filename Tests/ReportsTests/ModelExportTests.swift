import Experiments
import ExperimentsTestSupport
import Foundation
import HDF5
import NumPyFiles
import Reports
import TestSupport
import Testing

@Suite("Export of models")
struct ModelExportTests {
  @Test("each client's file holds its model's tensors by PyTorch's names")
  func models() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(["method=fedavg", "saved_models=trained"], to: path)
    let result = try RunResult(path: path)
    let names = try ModelExport(result).write(to: folder.file("models").path)
    #expect(names == (0..<5).map { "client-000\($0).npz" })
    let file = try HDF5File.openForReading(path)
    for (client, name) in names.enumerated() {
      let content = try Data(contentsOf: folder.file("models/\(name)"))
      let archive = try ZipArchive(content, path: name)
      #expect(archive.names.first == "conv1.weight.npy")
      #expect(archive.names.contains("bn1.num_batches_tracked.npy"))
      for layer in result.layers {
        let dataset = try file.dataset("model/\(layer)/weight")
        let bytes = try #require(try archive.content(of: "\(layer).weight.npy"))
        let array = try NumPyArray(bytes, source: name)
        #expect(array.shape == Array(dataset.shape.dropFirst()) && array.type == "<f4")
        let values: [Float] = try dataset.readRows(client..<client + 1)
        #expect(bytes.suffix(4 * values.count) == values.withUnsafeBytes { Data($0) })
      }
    }
  }

  @Test("a result without models says how to keep them")
  func missing() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(["method=fedavg", "saved_models=none"], to: path)
    let error = #expect(throws: SpecificationError.self) {
      try ModelExport(RunResult(path: path)).write(to: folder.file("models").path)
    }
    #expect(error?.description.contains("run it with saved_models: trained or received") == true)
  }
}
