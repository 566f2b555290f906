import Datasets
import Foundation
import TestSupport
import Testing

@Suite("Files of LEAF")
struct LEAFFilesTests {
  /// Two users, images of 2 x 2 pixels; keys in another order than LEAF's.
  static let text = #"""
    {"hierarchies": [["x", {"a": [null, true, -1.5e3]}]], "num_samples": [2, 1],
     "user_data": {"f\u00e9\ud83d\ude00": {"y": [1], "x": [[0, 1.0, 5e-1, 0.2]]},
       "b": {"x": [[0.003921569, 0.99607843, 0.0, 1E0], [1, 1, 1, 1]], "y": [0, 1]}},
     "users": ["b", "fé😀"]}
    """#

  private func load(_ text: String, _ folder: String, _ name: String = "a.json") throws
    -> ImageDataset
  {
    let bytes = Array(text.utf8)
    try write(name.hasSuffix(".gz") ? gzip(bytes) : bytes, to: "\(folder)/\(name)")
    return try ImageDataset.load(
      "own", own: DatasetFiles(splits: [.init(images: ["\(folder)/\(name)"])]))
  }

  @Test("samples in the order of the users, pixels as bytes", arguments: ["a.json", "a.json.gz"])
  func read(name: String) throws {
    try withTemporaryFolder { folder in
      let dataset = try load(Self.text, folder, name)
      #expect(dataset.pixels == [1, 254, 0, 255, 255, 255, 255, 255, 0, 255, 128, 51])
      #expect(dataset.labels == [0, 1, 1])
      #expect(dataset.channels == 1 && dataset.height == 2 && dataset.width == 2)
      #expect(dataset.ownerNames == ["b", "fé😀"] && dataset.owners == [0, 0, 1])
    }
  }

  @Test("every byte from k/255 as Python prints it is k again")
  func bytes() throws {
    try withTemporaryFolder { folder in
      // Shortest and fixed decimals, as json.dumps and numpy print them.
      for format in ["%.17g", "%.6f", "%.12g"] {
        let pixels = (0..<256).map { String(format: format, Double($0) / 255) }
        let dataset = try load(
          #"{"users": ["a"], "num_samples": [1], "user_data": {"a": {"x": [[\#(pixels.joined(separator: ","))]], "y": [0]}}}"#,
          folder)
        #expect(dataset.pixels == (0..<256).map { UInt8($0) }, "\(format)")
      }
    }
  }

  @Test(
    "what is no such file is refused in one line",
    arguments: [
      ("{", "byte 1: found the end, expected a text in quotation marks"),
      (#"{"users": ["a"]}"#, "lacks images in user_data"),
      (#"{"users": "a"}"#, "byte 10: found \"a\"}, expected a list, […]"),
      (#"{"users": [1]}"#, "byte 11: found 1]}, expected a text in quotation marks"),
      (#"{"user_data": {"a": {"x": [["The quick brown"]], "y": [0]}}}"#, "expected a number"),
      (
        #"{"user_data": {"a": {"x": [[2, 0, 0, 0]], "y": [0]}}}"#,
        "user a: has a pixel of 2.0, expected 0 to 1"
      ),
      (
        #"{"user_data": {"a": {"x": [[-0.5]], "y": [0]}}}"#,
        "user a: has a pixel of -0.5, expected 0 to 1"
      ),
      (
        #"{"user_data": {"a": {"x": [[NaN]], "y": [0]}}}"#,
        "byte 28: found NaN]], \"y\": [0]}}}, expected a number"
      ),
      (#"{"user_data": {"a": {"x": [[1e99999999]], "y": [0]}}}"#, "has a pixel of inf"),
      (
        #"{"user_data": {"a": {"x": [[0]], "y": [0.5]}}}"#,
        "user a: has the label 0.5, expected a whole number"
      ),
      (#"{"user_data": {"a": {"x": [[0]], "y": [0, 1]}}}"#, "user a: has 1 images and 2 labels"),
      (
        #"{"user_data": {"a": {"x": [[0], [0, 1]], "y": [0, 1]}}}"#,
        "has an image of 2 pixels, expected 1"
      ),
      (#"{"user_data": {"a": {"x": [[0]], "y": [0]}}, "users": ["b"]}"#, "has no data of user b"),
      (
        #"{"user_data": {"a": {"x": [[0]], "y": [0]}}, "users": ["a", "b"]}"#,
        "lists 2 users and has the data of 1"
      ),
      (
        #"{"user_data": {"a": {"x": [[0, 0]], "y": [0]}}, "users": ["a"]}"#,
        "has images of 2 pixels, expected square"
      ),
      (
        #"{"user_data": {"a": {"x": [[0]], "y": [0]}}, "users": ["a"], "num_samples": [7]}"#,
        "user a has 1 samples, expected 7.0"
      ),
      (
        #"{"user_data": {"a": {"x": [[0]], "y": [0]}}, "users": ["a"]} 1"#,
        "expected the end of the file"
      ),
      (#"{"other": "\q"}"#, "expected an escape sequence of JSON"),
    ])
  func refused(text: String, words: String) throws {
    try withTemporaryFolder { folder in
      let error = #expect(throws: DatasetError.self) { try load(text, folder) }
      let line = try #require(error).description
      #expect(line.hasPrefix("\(folder)/a.json: ") && line.contains(words), "\(line)")
      #expect(line.split(whereSeparator: \.isNewline).count == 1)
    }
  }

  @Test("deep nesting does not exhaust the stack")
  func deep() throws {
    try withTemporaryFolder { folder in
      for text in ["[", "{\"a\":"] {
        let error = #expect(throws: DatasetError.self) {
          try load("{\"other\": " + String(repeating: text, count: 100_000), folder)
        }
        #expect(error?.description.contains("at most 64 deep") == true)
      }
    }
  }

  @Test("any cut through the file is noticed")
  func truncated() throws {
    try withTemporaryFolder { folder in
      let text = Array(Self.text.utf8)
      for length in 0..<text.count - 1 {
        try write(Array(text.prefix(length)), to: "\(folder)/a.json")
        #expect(throws: DatasetError.self, "\(length)") {
          try ImageDataset.load(
            "own", own: DatasetFiles(splits: [.init(images: ["\(folder)/a.json"])]))
        }
      }
    }
  }
}
