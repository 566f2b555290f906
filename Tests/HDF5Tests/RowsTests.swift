import HDF5
import Testing

@Suite struct RowsTests {
  @Test(arguments: [HDF5Storage.contiguous, .compressed])
  func rowsWrittenOneByOneMakeTheWhole(storage: HDF5Storage) throws {
    let values = (0..<5 * 6).map { Float($0) }
    try withReopenedFile { file in
      let dataset = try file.createDataset("x", of: Float.self, shape: [5, 2, 3], storage: storage)
      for row in [3, 0, 4] { try dataset.writeRows(values[row * 6..<(row + 1) * 6], from: row) }
      try dataset.writeRows(values[6..<18], from: 1)
      try dataset.writeRows([Float](), from: 5)
    } read: { file in
      let dataset = try file.dataset("x")
      try #expect(dataset.read(as: Float.self) == values)
      try #expect(dataset.readRows(0..<5, as: Float.self) == values)
      try #expect(dataset.readRows(2..<4, as: Float.self) == Array(values[12..<24]))
      try #expect(dataset.readRows(2..<2, as: Float.self) == [])
    }
  }

  @Test(arguments: [HDF5Storage.contiguous, .compressed])
  func rowsNeverWrittenReadAsZeroOrMissing(storage: HDF5Storage) throws {
    try withReopenedFile { file in
      let counts = try file.createDataset(
        "counts", of: Int32.self, shape: [3, 2], storage: storage)
      try counts.writeRows([Int32(7), 8], from: 1)
      let losses = try file.createDataset(
        "losses", of: Float.self, shape: [2, 1], storage: storage, missingAsNaN: true)
      try losses.writeRows([Float(0.5)], from: 0)
      let names = try file.createDataset("names", of: String.self, shape: [2], storage: storage)
      try names.writeRows(["b"], from: 1)
    } read: { file in
      try #expect(file.read("counts", as: Int32.self) == [0, 0, 7, 8, 0, 0])
      let losses: [Float] = try file.read("losses")
      #expect(losses[0] == 0.5 && losses[1].isNaN)
      try #expect(file.read("names", as: String.self) == ["", "b"])
      try #expect(file.dataset("names").readRows(1..<2, as: String.self) == ["b"])
    }
  }

  @Test func rowsOfNothing() throws {
    try withReopenedFile { file in
      let dataset = try file.createDataset("x", of: Float.self, shape: [3, 0])
      try dataset.writeRows([Float](), from: 0)
    } read: { file in
      try #expect(file.dataset("x").readRows(0..<3, as: Float.self) == [])
    }
  }

  @Test func badRowsAreRefused() throws {
    try withReopenedFile { file in
      let dataset = try file.createDataset("x", of: Float.self, shape: [3, 2])
      func line(_ values: [Float], _ first: Int) -> String? {
        errorLine { try dataset.writeRows(values, from: first) }
      }
      #expect(
        line([1, 2, 3], 0)?.hasSuffix(
          ": /x: cannot write rows: found 3 values; expected a multiple of 2, the size of a row of "
            + "shape [3, 2]") == true)
      #expect(
        line([1, 2, 3, 4], 2)?.hasSuffix(
          ": /x: cannot write 2 rows starting at row 2: the first axis has 3") == true)
      #expect(line([1, 2], -1) != nil)
      #expect(line([1, 2], .max) != nil)
      #expect(
        errorLine { try dataset.writeRows([Int32(1), 2], from: 0) }?.hasSuffix(
          ": /x: the dataset's type is 32-bit float; expected 32-bit integer") == true)
      #expect(line([1, 2], 2) == nil)
      let value = try file.write("value", Float(1))
      #expect(errorLine { try value.writeRows([Float(1)], from: 0) } != nil)
      #expect(errorLine { _ = try value.readRows(0..<1, as: Float.self) } != nil)
    } read: { file in
      let dataset = try file.dataset("x")
      try #expect(dataset.read(as: Float.self) == [0, 0, 0, 0, 1, 2])
      #expect(
        errorLine { _ = try dataset.readRows(1..<4, as: Float.self) }?.hasSuffix(
          ": /x: cannot read the rows 1..<4: the first axis has 3") == true)
      #expect(errorLine { _ = try dataset.readRows(-1..<2, as: Float.self) } != nil)
    }
  }

  @Test(arguments: [HDF5Storage.contiguous, .compressed])
  func eachRowIsReadAlone(storage: HDF5Storage) throws {
    try withReopenedFile { file in
      let dataset = try file.createDataset("x", of: Int32.self, shape: [3, 2], storage: storage)
      try dataset.writeRows([Int32](1...6), from: 0)
      try file.write("value", Float(1))
      let many = try file.createDataset(
        "many", of: Int32.self, shape: [70_000, 2], storage: storage)
      try many.writeRows((0..<70_000).flatMap { [Int32($0), 7] }, from: 0)
    } read: { file in
      try #expect(file.dataset("x").readEachRow(as: Int32.self) == [[1, 2], [3, 4], [5, 6]])
      // More than are read at a time.
      let rows: [[Int32]] = try file.dataset("many").readEachRow()
      #expect(rows.count == 70_000 && rows.enumerated().allSatisfy { [Int32($0), 7] == $1 })
      #expect(
        errorLine { _ = try file.dataset("value").readEachRow(as: Float.self) }?.hasSuffix(
          ": /value: cannot read rows: the dataset is a single value") == true)
      #expect(errorLine { _ = try file.dataset("x").readEachRow(as: Float.self) } != nil)
    }
  }

  /// Rows that nobody wrote take no storage: a file of a few kilobytes may claim any number of them.
  @Test func claimedRowsAreRefusedBeforeThereIsRoomForThem() throws {
    try withReopenedFile { file in
      _ = try file.createDataset(
        "values", of: Float.self, shape: [1 << 40, 2], storage: .compressed)
      _ = try file.createDataset("empty", of: Float.self, shape: [1 << 40, 0])
      _ = try file.createDataset("few", of: Float.self, shape: [1000, 0])
    } read: { file in
      #expect(
        errorLine { _ = try file.dataset("values").readEachRow(as: Float.self) }?.hasSuffix(
          ": /values: the dataset claims 2199023255552 elements, which its 0 stored bytes cannot hold"
        )
          == true)
      #expect(
        errorLine { _ = try file.dataset("empty").readEachRow(as: Float.self) }?.hasSuffix(
          ": /empty: the dataset claims 1099511627776 rows, expected at most 65536 by its size")
          == true
      )
      try #expect(file.dataset("few").readEachRow(as: Float.self).count == 1000)
    }
  }
}
