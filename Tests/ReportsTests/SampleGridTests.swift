import Datasets
import Foundation
import Reports
import TestSupport
import Testing

@Suite("Pictures and counts of a dataset")
struct SampleGridTests {
  /// Images of `height` x 1 pixels: 10, 20, …, of classes 0, 1, 0, 0, and one test image of class 1.
  private func dataset(_ folder: String, channels: Int = 1, classes: [String]? = nil) throws
    -> ImageDataset
  {
    func bigEndian(_ number: Int) -> [UInt8] { [0, 0, 0, UInt8(number)] }
    func write(_ name: String, _ axes: [Int], _ bytes: [UInt8]) throws -> String {
      let path = "\(folder)/\(name)"
      try Data([0, 0, 8, UInt8(axes.count)] + axes.flatMap(bigEndian) + bytes)
        .write(to: URL(fileURLWithPath: path))
      return path
    }
    func split(_ name: String, _ first: Int, _ labels: [UInt8]) throws -> DatasetFiles.Split {
      // Channel c of image n is 10 n + c.
      let pixels = labels.indices.flatMap { index in
        (0..<channels).map { UInt8(10 * (first + index) + $0) }
      }
      return .init(
        name: name,
        images: [try write("\(name)-i", [labels.count, channels, 1, 1], pixels)],
        labels: [try write("\(name)-l", [labels.count], labels)])
    }
    return try ImageDataset.load(
      "own",
      own: DatasetFiles(
        splits: [try split("train", 1, [0, 1, 0, 0]), try split("test", 5, [1])],
        classNames: ["a<b", "c"]), classes: classes)
  }

  /// The parts of a PNG file: name and content.
  private func chunks(_ png: Data) throws -> [(name: String, content: [UInt8])] {
    var bytes = Array(png)
    #expect(bytes.prefix(8) == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    bytes.removeFirst(8)
    var chunks: [(String, [UInt8])] = []
    while bytes.count >= 12 {
      let length = bytes[0..<4].reduce(0) { $0 << 8 | Int($1) }
      try #require(bytes.count >= 12 + length)
      chunks.append((String(decoding: bytes[4..<8], as: UTF8.self), Array(bytes[8..<8 + length])))
      bytes.removeFirst(12 + length)
    }
    return chunks
  }

  @Test("the first images of each class, a row for each", arguments: [1, 3])
  func png(channels: Int) throws {
    try withTemporaryFolder { folder in
      let png = try SampleGrid(dataset(folder, channels: channels), perClass: 2).data(.png)
      let chunks = try chunks(png)
      #expect(chunks.map(\.name) == ["IHDR", "IDAT", "IEND"])
      // Two cells of 28 pixels and 1 between, in both directions.
      #expect(
        chunks[0].content == [0, 0, 0, 58, 0, 0, 0, 58, 8, channels == 3 ? 2 : 0, 0, 0, 0])
    }
  }

  @Test("the picture in SVG names the classes")
  func svg() throws {
    try withTemporaryFolder { folder in
      let svg = try String(
        decoding: SampleGrid(dataset(folder), perClass: 3).data(.svg), as: UTF8.self)
      #expect(svg.contains(">a&lt;b</text>") && svg.contains(">c</text>"))
      let start = try #require(svg.range(of: "base64,"))
      let end = try #require(svg[start.upperBound...].firstIndex(of: "\""))
      let png = try #require(Data(base64Encoded: String(svg[start.upperBound..<end])))
      #expect(try png == SampleGrid(dataset(folder), perClass: 3).data(.png))
    }
  }

  @Test("the format is the ending's")
  func formats() {
    #expect(SampleGrid.Format(path: "a/b.SVG") == .svg && SampleGrid.Format(path: "b.png") == .png)
    #expect(SampleGrid.Format(path: "b.jpg") == nil)
  }

  @Test("samples of each class in each split")
  func table() throws {
    try withTemporaryFolder { folder in
      let lines = try DatasetTable(dataset(folder)).description.split(separator: "\n")
      #expect(lines[0] == "own: 5 samples of 2 classes")
      #expect(lines[1] == "  images: 1 x 1 x 1 (channel, y, x), 1 byte each")
      #expect(
        lines.suffix(4) == [
          "LABEL  CLASS  TRAIN  TEST  SAMPLES",
          "    0  a<b        3     0        3",
          "    1  c          1     1        2",
          "       total      4     1        5",
        ])
      let some = try DatasetTable(dataset(folder, classes: ["c"])).description
      #expect(some.hasPrefix("own: 2 samples of 1 classes, of 5 in the files\n"))
    }
  }
}
