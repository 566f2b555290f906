import Support
import Testing

@Suite struct AlignedColumnsTests {
  @Test func columnsAreAsWideAsTheirLongestCells() {
    let rows = [["name", "count", "note"], ["mnist", "7", "grey"], ["cifar10", "12345", ""]]
    #expect(
      AlignedColumns.lines(rows, rightAligned: [1]) == [
        "name     count  note", "mnist        7  grey", "cifar10  12345",
      ])
    #expect(AlignedColumns.lines([["a"], ["bb", "c"]]) == ["a", "bb  c"])
    #expect(AlignedColumns.lines([]).isEmpty)
  }

  @Test func aLongCellMovesTheRestOfAGrowingTable() {
    #expect(
      AlignedColumns.line(["ab", "1", "x"], widths: [4, 3], rightAligned: [1]) == "ab      1  x")
    #expect(AlignedColumns.line(["abcdef", "1"], widths: [4, 3]) == "abcdef  1")
  }
}

@Suite("Wrapped prose")
struct WrappedTests {
  @Test("lines break at blanks and are never longer, but for a longer word")
  func lines() {
    #expect(Wrapped.lines("one two  three", width: 7) == "one two\nthree")
    #expect(Wrapped.lines("a verylongword b", width: 6) == "a\nverylongword\nb")
    #expect(Wrapped.lines("", width: 6) == "")
  }
}
