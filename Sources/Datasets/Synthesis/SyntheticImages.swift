import RandomStreams

/// Draws the images of a synthetic dataset.
///
/// An image is a smooth field, given by a coarse grid of random values and interpolated linearly.
/// Its grid mixes the grid of its class, that of one of the class's styles and its own; the
/// field is then shifted and scaled, and contrast, brightness and pixel noise vary. The own grid and
/// the styles keep a small network from learning a class perfectly.
///
/// Only additions, multiplications and comparisons are used, so that every platform draws the same
/// bytes.
struct SyntheticImages {
  private static let gridSide = 6
  private static let styleCount = 4
  private static let classShare: Float = 0.34
  private static let styleShare: Float = 0.22
  private static let ownShare: Float = 0.44

  private let dataset: DatasetDescription
  private let seed: UInt64
  /// The mixed class and style grids, [class][style][channel, row, column].
  private let grids: [[[Float]]]

  init(_ dataset: DatasetDescription, seed: UInt64) {
    self.dataset = dataset
    self.seed = seed
    let gridByteCount = dataset.channels * Self.gridSide * Self.gridSide
    grids = dataset.classNames.indices.map { index in
      var stream = RandomStream(
        seed: seed, purpose: .dataSynthesis, round: streamNumber("\(dataset.name)/classes"),
        client: index)
      let classGrid = (0..<gridByteCount).map { _ in stream.uniform() }
      return (0..<Self.styleCount).map { _ in
        classGrid.map { Self.classShare * $0 + Self.styleShare * stream.uniform() }
      }
    }
  }

  /// The classes of a split's samples: each class `count` times, in random order.
  func classes(of split: String, samplesPerClass count: Int) -> [Int] {
    var stream = RandomStream(
      seed: seed, purpose: .dataSynthesis, round: streamNumber("\(dataset.name)/\(split)/order"))
    return stream.shuffled(
      dataset.classNames.indices.flatMap { Array(repeating: $0, count: count) })
  }

  /// Draws sample number `index` of `split`, of class `label`, into `pixels`, (channel, y, x).
  func draw(
    _ index: Int, of split: String, label: Int, into pixels: UnsafeMutableRawBufferPointer
  ) {
    let side = Self.gridSide
    var stream = RandomStream(
      seed: seed, purpose: .dataSynthesis, round: streamNumber("\(dataset.name)/\(split)"),
      client: index)
    var grid = grids[label][stream.integer(below: Self.styleCount)]
    for place in grid.indices { grid[place] += Self.ownShare * stream.uniform() }

    // Grid cells per pixel; at scale 1 the image leaves a margin for the shift.
    let cellsPerPixel =
      Float(side - 1) / Float(dataset.width) * stream.uniform(from: 0.7, to: 1)
    let left = stream.uniform() * (Float(side - 1) - cellsPerPixel * Float(dataset.width - 1))
    let top = stream.uniform() * (Float(side - 1) - cellsPerPixel * Float(dataset.height - 1))
    // The mean of a mixed grid is a half and its spread about a fifth: stretch to most of 0...255.
    let contrast = 255 * stream.uniform(from: 1.1, to: 1.9)
    let middle = 255 * stream.uniform(from: 0.4, to: 0.6)
    let noise: Float = 40

    var place = 0
    for channel in 0..<dataset.channels {
      for y in 0..<dataset.height {
        let row = top + cellsPerPixel * Float(y)
        let upper = min(Int(row), side - 2)
        let down = row - Float(upper)
        let rowStart = (channel * side + upper) * side
        for x in 0..<dataset.width {
          let column = left + cellsPerPixel * Float(x)
          let leftmost = min(Int(column), side - 2)
          let right = column - Float(leftmost)
          let corner = rowStart + leftmost
          let above = grid[corner] + right * (grid[corner + 1] - grid[corner])
          let below =
            grid[corner + side] + right * (grid[corner + side + 1] - grid[corner + side])
          let field = above + down * (below - above)
          // The sum of two uniform numbers from one word: a triangle over -1...1.
          let word = stream.nextWord()
          let triangle = Float((word & 0xFFFF) + (word >> 16)) * 0x1p-16 - 1
          let value = middle + contrast * (field - 0.5) + noise * triangle
          pixels[place] = UInt8(min(max(value + 0.5, 0), 255))
          place += 1
        }
      }
    }
  }
}

/// The 32-bit number of a named stream (FNV-1a), so that datasets and splits differ.
private func streamNumber(_ name: String) -> Int {
  Int(name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 })
}
