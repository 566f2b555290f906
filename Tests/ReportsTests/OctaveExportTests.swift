import CHDF5
import Experiments
import ExperimentsTestSupport
import Foundation
import HDF5
import Reports
import Support
import TestSupport
import Testing

@Suite("Export for Octave")
struct OctaveExportTests {
  @Test("numbers are the result's, attributes are variables, text has a fixed length")
  func contents() throws {
    let folder = try TemporaryFolder()
    let (path, copy) = (folder.file("a.h5").path, folder.file("octave.h5").path)
    try Fixtures.run(["method=pfedla", "saved_models=trained"], to: path)
    try OctaveExport(RunResult(path: path)).write(to: copy)
    // Before the copy is open: libhdf5 opens no file a second time in another way.
    #expect(try fixedText(copy, "method") == ["pfedla"])
    let layers = try RunResult(path: path).layers
    #expect(try fixedText(copy, "layer") == layers)
    #expect(try fixedText(copy, "aggregation/layer") == layers)
    let (source, target) = (
      try HDF5File.openForReading(path), try HDF5File.openForReading(copy)
    )
    let expected = try source.numericDatasets()
    #expect(expected.count > 30)
    for dataset in expected {
      let copied = try target.dataset(dataset.path)
      #expect(copied.shape == dataset.shape)
      #expect(try copied.storedElementType() == dataset.storedElementType())
      #expect(try bytes(of: copied) == bytes(of: dataset), "\(dataset.path)")
    }
    #expect(try target.readValue("seed", as: Int64.self) == source.attribute("seed"))
    #expect(
      try target.readValue("settings/learning_rate", as: Double.self)
        == source.group("settings").attribute("learning_rate"))
    #expect(
      try target.read("settings/methods_pfedla_hidden_sizes", as: Int64.self)
        == source.group("settings").attributes("methods_pfedla_hidden_sizes"))
    #expect(try target.attributeNames() == [])
  }

  @Test("the same result gives the same bytes")
  func bytes() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(["method=fedavg"], to: path)
    let result = try RunResult(path: path)
    for name in ["b.h5", "c.h5"] { try OctaveExport(result).write(to: folder.file(name).path) }
    #expect(
      try Data(contentsOf: folder.file("b.h5")) == Data(contentsOf: folder.file("c.h5")))
  }

  @Test("the result itself is not overwritten")
  func itself() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(["method=fedavg"], to: path)
    let before = try Data(contentsOf: folder.file("a.h5"))
    let link = folder.file("link.h5").path
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    for name in [path, folder.file("./a.h5").path, link] {
      let error = #expect(throws: SpecificationError.self) {
        try OctaveExport(RunResult(path: path)).write(to: name)
      }
      #expect(error?.description.contains("expected the name of another file") == true)
    }
    #expect(try Data(contentsOf: folder.file("a.h5")) == before)
  }

  private func bytes(of dataset: HDF5Dataset) throws -> Data {
    var data = Data()
    try dataset.forEachPiece { data.append(contentsOf: $0) }
    return data
  }

  /// Text of fixed length, without the spaces that pad it; read by libhdf5 alone.
  private func fixedText(_ path: String, _ name: String) throws -> [String] {
    try withLibrary {
      let file = H5Fopen(path, chdf5_read_only(), chdf5_default())
      defer { H5Fclose(file) }
      let dataset = H5Dopen2(file, name, chdf5_default())
      defer { H5Dclose(dataset) }
      let (type, space) = (H5Dget_type(dataset), H5Dget_space(dataset))
      defer {
        H5Tclose(type)
        H5Sclose(space)
      }
      try #require(H5Tis_variable_str(type) == 0)
      let (length, count) = (H5Tget_size(type), Int(H5Sget_simple_extent_npoints(space)))
      var bytes = [UInt8](repeating: 0, count: length * count)
      try #require(
        H5Dread(dataset, type, chdf5_all(), chdf5_all(), chdf5_default(), &bytes) >= 0)
      return (0..<count).map {
        String(decoding: bytes[$0 * length..<($0 + 1) * length], as: UTF8.self)
          .trimmingCharacters(in: .whitespaces)
      }
    }
  }
}
