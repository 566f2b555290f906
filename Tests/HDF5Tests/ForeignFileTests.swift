import CHDF5
import Foundation
import HDF5
import TestSupport
import Testing

/// Files from strangers: nothing outside the file is read, and nothing is waited for.
@Suite("Files from elsewhere")
struct ForeignFileTests {
  /// A file with a group `g`, a dataset `g/x`, links, and datasets whose values lie elsewhere.
  private func write(_ path: String, secret: String) {
    let properties = hid_t(0)
    let file = H5Fcreate(path, chdf5_truncate(), properties, properties)
    let group = H5Gcreate2(file, "g", properties, properties, properties)
    let four = [hsize_t(4)]
    let space = H5Screate_simple(1, four, nil)
    let type = chdf5_little_endian_int32()
    H5Dclose(H5Dcreate2(group, "x", type, space, properties, properties, properties))
    H5Lcreate_soft("/g/x", file, "soft", properties, properties)
    H5Lcreate_external(path + ".other", "/y", file, "external", properties, properties)
    let creation = H5Pcreate(chdf5_dataset_create_class())
    H5Pset_external(creation, secret, 0, 16)
    H5Dclose(H5Dcreate2(file, "outside", type, space, properties, creation, properties))
    H5Pclose(creation)
    let virtual = H5Pcreate(chdf5_dataset_create_class())
    H5Pset_virtual(virtual, space, path + ".other", "/y", space)
    H5Dclose(H5Dcreate2(file, "virtual", type, space, properties, virtual, properties))
    H5Pclose(virtual)
    H5Sclose(space)
    H5Gclose(group)
    H5Fclose(file)
  }

  @Test("links and values in other files are refused by name")
  func links() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    let secret = folder.file("secret").path
    try Data(repeating: 0x41, count: 16).write(to: URL(fileURLWithPath: secret))
    write(path, secret: secret)
    let file = try HDF5File.openForReading(path)
    #expect(!file.isSealed)
    #expect(try file.dataset("g/x").shape == [4])
    for name in ["soft", "external"] {
      #expect(
        errorLine { _ = try file.dataset(name) }
          == "\(path): /\(name): found a link to another place; expected a group or dataset in the file itself"
      )
      #expect(errorLine { _ = try file.exists(name) } != nil)
    }
    for name in ["outside", "virtual"] {
      #expect(
        errorLine { _ = try file.read(name, as: Int32.self) }
          == "\(path): /\(name): its values lie in other files; expected them in the file itself")
    }
    #expect(errorLine { _ = try file.numericDatasets() } != nil)
  }

  @Test("a pipe is refused at once, not waited for", .timeLimit(.minutes(1)))
  func pipe() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("pipe.h5").path
    #expect(mkfifo(path, 0o600) == 0)
    #expect(
      errorLine { _ = try HDF5File.openForReading(path) }
        == "\(path): found a pipe, socket or device; expected an HDF5 file")
    #expect(!HDF5File.isHDF5(path))
  }

  @Test("a sealed file is opened only as it was written; its seal is known")
  func sealed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try HDF5File.writeAtomically(to: path, overwrite: false, isSealed: true) { file in
      try file.write("x", Float(1))
    }
    #expect(try HDF5File.openForReading(path).isSealed)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
    #expect(
      errorLine { _ = try HDF5File.openForReading(path) }
        == "\(path): damaged, truncated or changed: its bytes do not match its checksum")
  }

  @Test("any part of a seal is one; a user block of another program is none")
  func userBlocks() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try HDF5File.writeAtomically(to: path, overwrite: true, isSealed: true) {
      try $0.write("x", [Int32(1)], shape: [1])
    }
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(try HDF5File.openForReading(path).isSealed)
    for damage in [0..<1, 0..<12, 12..<20] {
      var bytes = whole
      bytes.replaceSubrange(damage, with: Data(repeating: 0x2e, count: damage.count))
      try bytes.write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: HDF5Error.self) { try HDF5File.openForReading(path) }
      #expect(error?.description.contains("do not match its checksum") == true)
    }
    var foreign = whole
    let text = Data("MATLAB 7.3 MAT-file, written on a Monday".utf8)
    foreign.replaceSubrange(0..<512, with: text + Data(repeating: 0x20, count: 512 - text.count))
    try foreign.write(to: URL(fileURLWithPath: path))
    let file = try HDF5File.openForReading(path)
    #expect(!file.isSealed)
    #expect(try file.read("x") == [Int32(1)])
  }
}
