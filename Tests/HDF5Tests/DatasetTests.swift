import HDF5
import TestSupport
import Testing

@Suite struct DatasetTests {
  private static let shapes: [[Int]] = [
    [], [1], [7], [2, 3], [2, 3, 4], [2, 1, 3, 2], [2, 3, 1, 2, 5], [0], [0, 3], [3, 0], [2, 0, 4],
  ]

  private func roundTrip<Element: HDF5Element & Equatable>(
    _ shape: [Int], _ element: (Int) -> Element
  ) throws {
    let values = (0..<shape.reduce(1, *)).map(element)
    try withReopenedFile {
      try $0.write("contiguous", values, shape: shape)
      try $0.write("compressed", values, shape: shape, storage: .compressed)
    } read: { file in
      for name in ["contiguous", "compressed"] {
        let dataset = try file.dataset(name)
        #expect(dataset.shape == shape)
        #expect(dataset.count == values.count)
        try #expect(dataset.read(as: Element.self) == values)
        try #expect(file.read(name, shape: shape) == values)
      }
    }
  }

  @Test(arguments: shapes) func everyTypeComesBack(shape: [Int]) throws {
    try roundTrip(shape) { Float($0) / 3 - 2 }
    try roundTrip(shape) { Double($0) / 3 - 2 }
    try roundTrip(shape) { Int8($0 % 256 - 128) }
    try roundTrip(shape) { Int32.min + Int32($0) }
    try roundTrip(shape) { Int64.max - Int64($0) }
    try roundTrip(shape) { $0.isMultiple(of: 3) }
    try roundTrip(shape) { $0 == 0 ? "" : "gewöhnlich № \($0) 🐟" }
  }

  @Test func singleValues() throws {
    try withReopenedFile {
      try $0.write("specification", "method: a\nseed: 1\n")
      try $0.write("total", 4.5)
    } read: { file in
      try #expect(file.readValue("specification") == "method: a\nseed: 1\n")
      try #expect(file.readValue("total") == 4.5)
      try #expect(file.dataset("total").shape == [])
    }
  }

  @Test func slicesAndLazyCollectionsAreWrittenAsTheyAre() throws {
    let values = (0..<10).map(Float.init)
    try withReopenedFile {
      try $0.write("slice", values[2..<6], shape: [4])
      try $0.write("lazy", values.lazy.map { $0 * 2 }, shape: [10])
    } read: { file in
      try #expect(file.read("slice", as: Float.self) == [2, 3, 4, 5])
      try #expect(file.read("lazy", as: Float.self) == values.map { $0 * 2 })
    }
  }

  @Test func manyChunksComeBack() throws {
    let shape = [3, 700, 401]
    let values = (0..<shape.reduce(1, *)).map { Int32(truncatingIfNeeded: $0 &* 2_654_435_761) }
    try withReopenedFile {
      try $0.write("x", values, shape: shape, storage: .compressed)
    } read: { file in
      try #expect(file.read("x", as: Int32.self) == values)
      try #expect(
        file.dataset("x").readRows(1..<2, as: Int32.self) == Array(values[280_700..<561_400]))
    }
  }

  @Test(arguments: [
    [1], [5], [300_000], [1_000_000, 3], [3, 1_000_000], [200, 100, 7, 100], [1, 1, 600, 600],
    [2, 262_144], [2, 262_145],
  ])
  func chunksFitAMebibyteAndTheShape(shape: [Int]) {
    for elementSize in [1, 4, 8] {
      let chunk = chunkShape(for: shape, elementSize: elementSize)
      #expect(chunk.count == shape.count)
      #expect(chunk.reduce(elementSize, *) <= 1 << 20)
      #expect(zip(chunk, shape).allSatisfy { $0 >= 1 && $0 <= $1 })
    }
  }

  @Test func chunksAreWholeTrailingAxes() {
    #expect(chunkShape(for: [200, 100, 7, 100], elementSize: 4) == [3, 100, 7, 100])
    #expect(chunkShape(for: [1_000_000, 3], elementSize: 4) == [83_334, 3])
    #expect(chunkShape(for: [4, 300_000], elementSize: 4) == [1, 150_000])
  }

  @Test func compressionShrinksARegularArray() throws {
    try withTemporaryFolder { folder in
      func size(_ storage: HDF5Storage) throws -> Int {
        let path = "\(folder)/\(storage).h5"
        try HDF5File.writeAtomically(to: path, overwrite: false) {
          try $0.write("x", (0..<100_000).map { Int32($0) }, shape: [100_000], storage: storage)
        }
        return try bytes(of: path).count
      }
      try #expect(size(.compressed) * 2 < size(.contiguous))
    }
  }

  @Test func missingFloatsAreNaNAndSaySo() throws {
    try withReopenedFile { file in
      try file.write(
        "accuracy", [0.5, Float.nan, 1], shape: [3], storage: .compressed, missingAsNaN: true)
      try file.write("loss", [1.5, Double.nan], shape: [2], missingAsNaN: true)
      _ = try file.createDataset("never", of: Float.self, shape: [2, 2], missingAsNaN: true)
      #expect(
        errorLine { try file.write("count", [Int32(1)], shape: [1], missingAsNaN: true) }?
          .hasSuffix(": /count: only floats have a NaN for what is missing") == true)
    } read: { file in
      let accuracy: [Float] = try file.read("accuracy")
      #expect(accuracy[0] == 0.5 && accuracy[1].isNaN && accuracy[2] == 1)
      try #expect(file.dataset("accuracy").attributes("_FillValue", as: Float.self)[0].isNaN)
      try #expect(file.dataset("loss").attributes("_FillValue", as: Double.self)[0].isNaN)
      let never: [Float] = try file.read("never")
      #expect(never.count == 4 && never.allSatisfy(\.isNaN))
    }
  }

  @Test func flagsAreIntegersThatSayTheyAreFlags() throws {
    try withReopenedFile {
      try $0.write("flags", [true, false], shape: [2])
      try $0.write("numbers", [Int8(5), 0], shape: [2])
    } read: { file in
      try #expect(file.dataset("flags").attribute("dtype") == "bool")
      try #expect(file.read("flags", as: Int8.self) == [1, 0])
      try #expect(file.read("numbers", as: Bool.self) == [true, false])
      try #expect(!file.dataset("numbers").hasAttribute("dtype"))
    }
  }

  @Test func anotherTypeOrShapeIsRefused() throws {
    try withReopenedFile {
      try $0.createGroup("a").write("x", (0..<6).map(Float.init), shape: [2, 3])
      try $0.write("text", "x")
      try $0.write("wide", [Int64(1)], shape: [1])
    } read: { file in
      func line<Element: HDF5Element>(_ path: String, _: Element.Type, _ shape: [Int?]? = nil)
        -> String?
      {
        errorLine { _ = try file.read(path, as: Element.self, shape: shape) }
      }
      #expect(
        line("a/x", Double.self)?.hasSuffix(
          "/file.h5: /a/x: the dataset's type is 32-bit float; expected 64-bit float") == true)
      #expect(
        line("wide", Int32.self)?.hasSuffix(
          ": /wide: the dataset's type is 64-bit integer; expected 32-bit integer") == true)
      #expect(
        line("text", Int32.self)?.hasSuffix(
          ": /text: the dataset's type is variable-length string; expected 32-bit integer") == true)
      #expect(
        line("a/x", Float.self, [nil, 4])?.hasSuffix(
          ": /a/x: the dataset's shape is [2, 3]; expected [any, 4]") == true)
      #expect(line("a/x", Float.self, [6]) != nil)
      #expect(line("a/x", Float.self, [nil, nil]) == nil)
      #expect(
        errorLine { _ = try file.readValue("a/x", as: Float.self) }?.hasSuffix(
          "the dataset's shape is [2, 3]; expected []") == true)
    }
  }

  @Test func valuesThatDoNotFillTheShapeAreRefused() throws {
    try withReopenedFile { file in
      #expect(
        errorLine { try file.write("x", [Float(1), 2], shape: [3]) }?.hasSuffix(
          ": /x: found 2 values; expected 3, which fill the shape [3]") == true)
      #expect(errorLine { try file.write("x", [Float](), shape: [-1]) } != nil)
      #expect(errorLine { try file.write("x", [Float](), shape: [.max, .max]) } != nil)
      #expect(
        errorLine { try file.write("x", ["a", "b\0c"], shape: [2]) }?.hasSuffix(
          ": /x: cannot write the dataset: the text at index 1 holds a NUL character; remove it")
          == true)
    } read: { _ in
    }
  }
}
