/// Tiny files in the official layouts.
enum OfficialFiles {
  static func bigEndian(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  /// An IDX file of unsigned bytes.
  static func idx(_ dimensions: [Int], _ items: [UInt8]) -> [UInt8] {
    [0, 0, 8, UInt8(dimensions.count)] + dimensions.flatMap(bigEndian) + items
  }

  /// A 28 × 28 image whose pixels encode their place: row y, column x is base + 2 y + 3 x.
  static func image(base: Int) -> [UInt8] {
    (0..<28).flatMap { y in
      (0..<28).map { x in UInt8(truncatingIfNeeded: base + 2 * y + 3 * x) }
    }
  }

  /// `image(base:)` of which x and y are swapped, as EMNIST stores images.
  static func transposedImage(base: Int) -> [UInt8] {
    (0..<28).flatMap { y in
      (0..<28).map { x in UInt8(truncatingIfNeeded: base + 2 * x + 3 * y) }
    }
  }

  static let trainLabels: [UInt8] = [3, 0, 9, 3]
  static let testLabels: [UInt8] = [1, 9]

  /// Pixels of image number `index` of the pooled train and test files below.
  static func pooledImage(_ index: Int) -> [UInt8] { image(base: 10 * index) }

  /// Writes MNIST with four training images and two test images.
  static func writeMNIST(in folder: String, suffix: String = "") throws {
    let files: [(String, [UInt8])] = [
      ("train-images-idx3-ubyte", idx([4, 28, 28], (0..<4).flatMap(pooledImage))),
      ("train-labels-idx1-ubyte", idx([4], trainLabels)),
      ("t10k-images-idx3-ubyte", idx([2, 28, 28], (4..<6).flatMap(pooledImage))),
      ("t10k-labels-idx1-ubyte", idx([2], testLabels)),
    ]
    for (name, bytes) in files {
      let content = suffix.hasSuffix(".gz") ? try gzip(bytes) : bytes
      try write(content, to: "\(folder)/mnist/\(name)\(suffix)")
    }
  }

  /// The pixels of a CIFAR image: channel c holds base + 80 c + (row number).
  static func colourImage(base: Int) -> [UInt8] {
    (0..<3).flatMap { channel in
      (0..<32).flatMap { y in
        [UInt8](repeating: UInt8(truncatingIfNeeded: base + 80 * channel + y), count: 32)
      }
    }
  }

  /// Writes CIFAR-10 with one image a training file, of classes 0...4, and two test images.
  static func writeCIFAR10(in folder: String) throws {
    for number in 1...5 {
      try write(
        [UInt8(number - 1)] + colourImage(base: number),
        to: "\(folder)/cifar-10-batches-bin/data_batch_\(number).bin")
    }
    try write(
      [9] + colourImage(base: 6) + [5] + colourImage(base: 7),
      to: "\(folder)/cifar-10-batches-bin/test_batch.bin")
  }
}
