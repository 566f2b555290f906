import Foundation
import HDF5
import TestSupport
import Testing

@Suite struct SealTests {
  private func writeSealed(_ value: Float, to path: String, keeping: String? = nil) throws {
    try HDF5File.writeAtomically(to: path, overwrite: true, isSealed: true, keeping: keeping) {
      try $0.write("x", [value, 2, 3], shape: [3])
      try $0.write("text", "some text in a heap")
    }
  }

  @Test func aSealedFileIsAnHDF5FileBehindReadableText() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.h5"
      try writeSealed(1, to: path)
      try HDF5File.checkSeal(of: path)
      let file = try HDF5File.openForReading(path)
      try #expect(file.read("x", as: Float.self) == [1, 2, 3])
      try #expect(file.readValue("text") == "some text in a heap")
      let data = try bytes(of: path)
      let text = String(decoding: data.prefix(512).prefix { $0 != 0 }, as: UTF8.self)
      let lines = text.split(separator: "\n")
      #expect(lines.count == 3)
      #expect(lines[0] == "sealed HDF5")
      #expect(lines[1] == "bytes \(data.count - 512)")
      #expect(data[512..<520] == Data([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]))
    }
  }

  @Test func theSameContentGivesTheSameBytes() throws {
    try withTemporaryFolder { folder in
      try writeSealed(1, to: folder + "/a.h5")
      try writeSealed(1, to: folder + "/b.h5")
      try #expect(bytes(of: folder + "/a.h5") == bytes(of: folder + "/b.h5"))
    }
  }

  @Test func everyChangedByteAndEveryOtherLengthIsNoticed() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.h5"
      try writeSealed(1, to: path)
      let whole = try bytes(of: path)
      let other = folder + "/b.h5"
      let expected =
        "\(other): damaged, truncated or changed: its bytes do not match its checksum"
      func isNoticed(_ data: Data) throws -> Bool {
        try data.write(to: URL(fileURLWithPath: other))
        return errorLine { try HDF5File.checkSeal(of: other) } == expected
      }
      #expect(try !isNoticed(whole))
      // All of the block, and the rest in steps that share no factor with its structure.
      for position in Array(0..<512) + Array(stride(from: 512, to: whole.count, by: 7)) {
        var damaged = whole
        damaged[position] ^= 1 << (position % 8)
        #expect(try isNoticed(damaged), "byte \(position)")
      }
      for length in [0, 1, 511, 512, 513, whole.count / 2, whole.count - 1] {
        #expect(try isNoticed(whole.prefix(length)), "\(length) bytes")
      }
      #expect(try isNoticed(whole + [0]))
    }
  }

  @Test func aFileWithoutASealIsRefused() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.h5"
      try HDF5File.writeAtomically(to: path, overwrite: false) { try $0.write("x", Float(1)) }
      #expect(errorLine { try HDF5File.checkSeal(of: path) } != nil)
      #expect(
        errorLine { try HDF5File.checkSeal(of: folder + "/none.h5") }
          == "\(folder)/none.h5: cannot open the file (No such file or directory)")
    }
  }

  @Test func theReplacedFileIsKeptOnceTheNewOneIsWhole() throws {
    struct Interruption: Error {}
    try withTemporaryFolder { folder in
      let (path, previous) = (folder + "/a.h5", folder + "/a.h5.previous")
      try writeSealed(1, to: path, keeping: previous)
      try #expect(FileManager.default.names(in: folder) == ["a.h5"])
      let first = try bytes(of: path)

      #expect(throws: Interruption.self) {
        try HDF5File.writeAtomically(
          to: path, overwrite: true, isSealed: true, keeping: previous
        ) { file in
          try file.write("x", Float(9))
          // While the new one is written, the last one has not moved.
          try #expect(bytes(of: path) == first)
          throw Interruption()
        }
      }
      try #expect(FileManager.default.names(in: folder) == ["a.h5"])
      try #expect(bytes(of: path) == first)

      try writeSealed(2, to: path, keeping: previous)
      try #expect(bytes(of: previous) == first)
      let second = try bytes(of: path)
      try writeSealed(3, to: path, keeping: previous)
      try #expect(bytes(of: previous) == second)
      try #expect(FileManager.default.names(in: folder) == ["a.h5", "a.h5.previous"])
    }
  }
}
