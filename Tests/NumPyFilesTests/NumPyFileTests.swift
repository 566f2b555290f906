import Foundation
import TestSupport
import Testing

import NumPyFiles

@Suite("NumPy's files")
struct NumPyFileTests {
  private func array(_ bytes: Data) throws -> NumPyArray {
    try NumPyArray(bytes, source: "a.npy")
  }

  @Test("whole numbers of any width, order and byte order")
  func integers() throws {
    let signed = try array(NumPyWritten.int64)
    #expect(signed.shape == [2, 3])
    #expect(try signed.integers() == [1, -2, 3, 4, 5, -(1 << 40)])
    let columns = try array(NumPyWritten.columnMajor)
    #expect(columns.shape == [2, 3])
    #expect(try columns.bytes() == [0, 1, 2, 3, 4, 5])
    #expect(try array(NumPyWritten.bigEndian).integers() == [258, -1])
    let empty = try array(NumPyWritten.empty)
    #expect(empty.shape == [0, 4] && empty.count == 0)
    #expect(try empty.integers() == [])
  }

  @Test("words of either kind")
  func words() throws {
    #expect(try array(NumPyWritten.words).words() == ["train", "test", "é"])
    #expect(try array(NumPyWritten.byteWords).words() == ["train", "test"])
  }

  @Test("what is not such an array is refused in one line")
  func refusals() throws {
    #expect(throws: NumPyError("a.npy", "has elements of the type <f4, expected whole numbers")) {
      try array(NumPyWritten.floats).integers()
    }
    #expect(throws: NumPyError("a.npy", "has elements of the type <i8, expected words")) {
      try array(NumPyWritten.int64).words()
    }
    #expect(throws: NumPyError("a.npy", "has the element -2, expected 0 to 255")) {
      try array(NumPyWritten.int64).bytes()
    }
    #expect(throws: NumPyError.self) { try array(NumPyWritten.objects) }
    #expect(throws: NumPyError("a.npy", "not an array of NumPy; save it again with numpy.save")) {
      try array(Data("index\n1\n".utf8))
    }
  }

  @Test("an array that is cut off, or longer than it says, is refused")
  func damagedArrays() throws {
    let whole = NumPyWritten.int64
    for length in 0..<whole.count {
      #expect(throws: NumPyError.self, "\(length) bytes") { try array(whole.prefix(length)) }
    }
    #expect(throws: NumPyError.self) { try array(whole + [0]) }
  }

  @Test("archives, stored and deflated")
  func archives() throws {
    let table = try ZipArchive(NumPyArchives.table, path: "a.npz")
    #expect(table.names == ["client.npy", "split.npy", "index.npy"])
    let split = try #require(try table.content(of: "split.npy"))
    #expect(try array(split).words() == ["train", "test", "train", "test"])
    #expect(try table.content(of: "nothing.npy") == nil)
    let deflated = try ZipArchive(NumPyArchives.compressed, path: "a.npz")
    let train = try #require(try deflated.content(of: "train_0.npy"))
    #expect(try array(train).integers() == [5, 4])
  }

  @Test("every changed byte of an archive is noticed, or changes nothing", arguments: [0, 1])
  func damagedArchives(number: Int) throws {
    let whole = [NumPyArchives.table, NumPyArchives.compressed][number]
    func contents(_ bytes: Data) throws -> [String: Data] {
      let archive = try ZipArchive(bytes, path: "a.npz")
      return try Dictionary(
        archive.names.map { ($0, try archive.content(of: $0) ?? Data()) },
        uniquingKeysWith: { first, _ in first })
    }
    let expected = try contents(whole)
    var refused = 0
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 0x55
      do {
        // Another name is another array.
        for (name, content) in try contents(bytes) {
          #expect(expected[name] == nil || expected[name] == content, "byte \(place)")
        }
      } catch is NumPyError {
        refused += 1
      }
    }
    #expect(refused > whole.count / 4)
    for length in stride(from: 0, to: whole.count, by: 7) {
      #expect(throws: NumPyError.self) { try contents(whole.prefix(length)) }
    }
  }
}
