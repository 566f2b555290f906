import Foundation
import HDF5
import TestSupport
import Testing

@Suite struct AtomicWriteTests {
  private struct Interruption: Error {}

  @Test func theFileAppearsWhole() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/result.h5"
      try HDF5File.writeAtomically(to: path, overwrite: false) { file in
        try file.write("x", Float(1))
        // Not even a part of it: it is filled in memory.
        try #expect(FileManager.default.names(in: folder) == [])
      }
      try #expect(FileManager.default.names(in: folder) == ["result.h5"])
      try #expect(HDF5File.openForReading(path).readValue("x") == Float(1))
    }
  }

  @Test func anErrorLeavesEverythingAsItWas() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/result.h5"
      #expect(throws: Interruption.self) {
        try HDF5File.writeAtomically(to: path, overwrite: false) { file in
          try file.write("x", Float(1))
          throw Interruption()
        }
      }
      try #expect(FileManager.default.names(in: folder) == [])

      try HDF5File.writeAtomically(to: path, overwrite: false) { try $0.write("x", Float(1)) }
      let before = try bytes(of: path)
      var escaped: HDF5Dataset?
      #expect(throws: Interruption.self) {
        try HDF5File.writeAtomically(to: path, overwrite: true) { file in
          escaped = try file.write("x", Float(2))
          throw Interruption()
        }
      }
      try #expect(bytes(of: path) == before)
      try #expect(FileManager.default.names(in: folder) == ["result.h5"])
      #expect(errorLine { _ = try escaped?.read(as: Float.self) } != nil)
    }
  }

  @Test func aFileIsReplacedOnlyWhenTold() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/result.h5"
      func write(_ value: Float, overwrite: Bool) throws {
        try HDF5File.writeAtomically(to: path, overwrite: overwrite) { try $0.write("x", value) }
      }
      try write(1, overwrite: false)
      #expect(
        errorLine { try write(2, overwrite: false) }
          == "\(path) already exists; add --overwrite to replace it")
      try #expect(HDF5File.openForReading(path).readValue("x") == Float(1))
      // A reader of the old file keeps reading it.
      let reader = try HDF5File.openForReading(path)
      try write(3, overwrite: true)
      try #expect(reader.readValue("x") == Float(1))
      try #expect(HDF5File.openForReading(path).readValue("x") == Float(3))
    }
  }

  @Test func aFileThatAppearsMeanwhileIsKept() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/result.h5"
      #expect(
        errorLine {
          try HDF5File.writeAtomically(to: path, overwrite: false) { _ in
            try Data("theirs".utf8).write(to: URL(fileURLWithPath: path))
          }
        } == "\(path) already exists; add --overwrite to replace it")
      try #expect(bytes(of: path) == Data("theirs".utf8))
      try #expect(FileManager.default.names(in: folder) == ["result.h5"])
    }
  }

  @Test func errorsInTheBodyNameTheTarget() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/result.h5"
      #expect(
        errorLine {
          try HDF5File.writeAtomically(to: path, overwrite: false) {
            try $0.write("x", [Float](), shape: [1])
          }
        } == "\(path): /x: found 0 values; expected 1, which fill the shape [1]")
    }
  }

  @Test func aFolderThatTakesNoFileIsNamed() throws {
    try withTemporaryFolder { folder in
      func line(_ path: String) -> String? {
        errorLine {
          try HDF5File.writeAtomically(to: path, overwrite: true) { _ in
            Issue.record("nothing can be written to \(path)")
          }
        }
      }
      #expect(
        line(folder + "/missing/result.h5")
          == "\(folder)/missing/result.h5: cannot create the file: the folder \(folder)/missing "
          + "does not exist; create it first")
      try Data("x".utf8).write(to: URL(fileURLWithPath: folder + "/plain"))
      #expect(
        line(folder + "/plain/result.h5")
          == "\(folder)/plain/result.h5: cannot create the file: \(folder)/plain is a file; "
          + "expected a folder")
      #expect(
        line(folder) == "\(folder) is a folder, expected a file name")
      try #expect(FileManager.default.names(in: folder) == ["plain"])
    }
  }

  @Test(.enabled(if: getuid() != 0, "root may write anywhere"))
  func aReadOnlyFolderIsNamed() throws {
    try withTemporaryFolder { folder in
      chmod(folder, 0o500)
      defer { chmod(folder, 0o700) }
      let path = folder + "/result.h5"
      #expect(
        errorLine { try HDF5File.writeAtomically(to: path, overwrite: false) { _ in } }
          == "\(path): cannot create the file: no permission to write to the folder \(folder)")
    }
  }

  /// Every kind of object, twice, more than a second apart, with other things done in between.
  @Test func theSameWritesGiveTheSameBytes() throws {
    try withTemporaryFolder { folder in
      func write(_ name: String, atomically: Bool = true) throws -> Data {
        func fill(_ file: HDF5File) throws {
          for index in 0..<40 { try file.setAttribute("a\(index % 30)", "value \(index)") }
          let client = try file.createDimension("client", values: [0, 1, 2])
          let layer = try file.createDimension("layer", values: ["conv1", "fc"])
          let group = try file.createGroup("group")
          let values = (0..<6).map(Float.init)
          for index in 0..<20 {
            try group.write(
              "x\(index)", values, axes: [client, layer],
              storage: index.isMultiple(of: 2) ? .compressed : .contiguous, missingAsNaN: true)
          }
          try group.write("flags", [true, false, true], axes: [client], storage: .compressed)
          try group.write("names", ["a", "bb"], axes: [layer])
          let rows = try group.createDataset(
            "rows", of: Double.self, axes: [client, layer], storage: .compressed)
          try rows.writeRows([1.0, 2], from: 1)
          try file.write("specification", String(repeating: "key: value\n", count: 1_000))
          try file.setAttribute("a3", ["replaced"])
        }
        if atomically {
          try HDF5File.writeAtomically(to: "\(folder)/\(name).h5", overwrite: false, fill)
        } else {
          let file = try HDF5File.create("\(folder)/\(name).h5")
          try fill(file)
          try file.close()
        }
        return try bytes(of: "\(folder)/\(name).h5")
      }
      let earliest = UInt32(time(nil))
      let first = try write("first")
      // HDF5 would write times in whole seconds, as four bytes.
      for second in earliest...UInt32(time(nil)) {
        let bytes = withUnsafeBytes(of: second.littleEndian) { Data($0) }
        #expect(first.range(of: bytes) == nil)
      }
      try #expect(write("second") == first)
      // Filled in memory or on the disk: the same file.
      try #expect(write("third", atomically: false) == first)
    }
  }
}
