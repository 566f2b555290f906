import Partitioning

/// A picture of a partition as SVG: one bar per client, stacked by class, or a heat map if
/// there are more than 30 clients or 20 classes.
public struct PartitionPicture: Sendable {
  /// With more clients than this the picture is a heat map.
  public static let maximumBars = 30
  /// With more classes than this the picture is a heat map.
  public static let maximumStackedClasses = 20

  private static let left = 64.0
  private static let top = 84.0

  private let partition: Partition
  private let classNames: [String]

  /// A picture of `partition`. `classNames` ([class]) stand in the legend; without them, or with
  /// another number of names than there are classes, the classes are numbered.
  public init(_ partition: Partition, classNames: [String] = []) {
    self.partition = partition
    self.classNames =
      classNames.count == partition.classCount
      ? classNames : (0..<partition.classCount).map { "\($0)" }
  }

  /// The SVG document; a pure function of the partition and the names.
  public var svg: String {
    partition.clientCount > Self.maximumBars || partition.classCount > Self.maximumStackedClasses
      ? heatMap : stackedBars
  }

  private var stackedBars: String {
    let plotWidth = 600.0
    let rowHeight = min(max(420 / Double(partition.clientCount), 16), 30)
    let plotHeight = rowHeight * Double(partition.clientCount)
    let bottom = Self.top + plotHeight
    let sizes = partition.labelCounts.map { $0.reduce(0, +) }
    let axis = NiceAxis(largest: sizes.max() ?? 1, maximumTicks: 7)
    let scale = plotWidth / Double(axis.end)
    var picture = start("one bar per client, stacked by class")

    for tick in axis.ticks {
      let x = Self.left + Double(tick) * scale
      picture.line(fromX: x, y: Self.top, toX: x, y: bottom + 4, colour: .rule)
      picture.text("\(tick)", x: x, y: bottom + 18, size: 11, anchor: .middle)
    }
    for (client, counts) in partition.labelCounts.enumerated() {
      let y = Self.top + Double(client) * rowHeight
      let middle = y + rowHeight / 2 + 4
      picture.text("\(client)", x: Self.left - 8, y: middle, size: 11, anchor: .end)
      var x = Self.left
      for (index, count) in counts.enumerated() where count > 0 {
        let width = Double(count) * scale
        drawClass(
          index, x: x, y: y + 2, width: width, height: rowHeight - 4, on: &picture,
          tooltip: "client \(client), class \(classNames[index]): \(count)")
        let isStriped = index >= Colour.classes.count
        if width >= (index < 10 ? 12 : 18) {
          picture.text(
            "\(index)", x: x + width / 2, y: middle, size: 10, anchor: .middle,
            colour: isStriped ? .ink : Colour.classes[index].contrasting)
        }
        x += width
      }
    }
    label(axis: "samples (train and test)", plotWidth: plotWidth, bottom: bottom, on: &picture)
    label(clients: plotHeight, on: &picture)
    let legendWidth = drawLegend(x: Self.left + plotWidth + 28, on: &picture)
    let legendBottom = Self.top + 14 + Double(partition.classCount) * 19
    return picture.document(
      width: Self.left + plotWidth + 28 + legendWidth + 16,
      height: max(bottom + 50, legendBottom + 12))
  }

  /// The second ten classes have the colours of the first with a pale stripe.
  private func drawClass(
    _ index: Int, x: Double, y: Double, width: Double, height: Double,
    on picture: inout VectorPicture, tooltip: String? = nil
  ) {
    let colours = Colour.classes
    let colour = colours[index % colours.count]
    // A hairline of white separates neighbours, unless it would be all there is.
    let gap = width > 3 ? 1.0 : 0
    picture.rectangle(
      x: x, y: y, width: width - gap, height: height, fill: colour, tooltip: tooltip)
    if index >= colours.count, width > 5 {
      picture.rectangle(
        x: x + 2, y: y + height * 0.2, width: width - gap - 4, height: height * 0.6,
        fill: colour.mixed(with: .white, part: 0.75), tooltip: tooltip)
    }
  }

  /// Draws the legend and returns its width.
  private func drawLegend(x: Double, on picture: inout VectorPicture) -> Double {
    picture.text("class", x: x, y: Self.top + 4, size: 12, colour: .softInk)
    for (index, name) in classNames.enumerated() {
      let y = Self.top + 14 + Double(index) * 19
      drawClass(index, x: x, y: y, width: 15, height: 13, on: &picture)
      let isNamed = name != "\(index)"
      picture.text(isNamed ? "\(index)  \(name)" : name, x: x + 22, y: y + 11)
    }
    return 22 + 7.5 * Double(classNames.map(\.count).max() ?? 0) + 24
  }

  private var heatMap: String {
    let cellWidth = min(max(600 / Double(partition.classCount), 3), 40)
    let cellHeight = min(max(560 / Double(partition.clientCount), 2), 24)
    let plotWidth = cellWidth * Double(partition.classCount)
    let plotHeight = cellHeight * Double(partition.clientCount)
    let bottom = Self.top + plotHeight
    let right = Self.left + plotWidth
    let largest = partition.labelCounts.joined().max() ?? 1
    var picture = start("a heat map of samples by client and class")

    drawCells(width: cellWidth, height: cellHeight, largest: largest, on: &picture)
    for (x1, y1, x2, y2) in [
      (Self.left, Self.top, right, Self.top), (Self.left, bottom, right, bottom),
      (Self.left, Self.top, Self.left, bottom), (right, Self.top, right, bottom),
    ] {
      picture.line(fromX: x1, y: y1, toX: x2, y: y2, colour: .softInk)
    }
    for index in stride(
      from: 0, to: partition.classCount, by: Self.labelStep(spacing: cellWidth, needed: 24))
    {
      let x = Self.left + (Double(index) + 0.5) * cellWidth
      picture.line(fromX: x, y: bottom, toX: x, y: bottom + 4, colour: .softInk)
      picture.text("\(index)", x: x, y: bottom + 18, size: 11, anchor: .middle)
    }
    for client in stride(
      from: 0, to: partition.clientCount, by: Self.labelStep(spacing: cellHeight, needed: 14))
    {
      let y = Self.top + (Double(client) + 0.5) * cellHeight
      picture.line(fromX: Self.left - 4, y: y, toX: Self.left, y: y, colour: .softInk)
      picture.text("\(client)", x: Self.left - 8, y: y + 4, size: 11, anchor: .end)
    }
    label(axis: "class", plotWidth: plotWidth, bottom: bottom, on: &picture)
    label(clients: plotHeight, on: &picture)
    let barHeight = min(max(plotHeight, 120), 300)
    drawColourBar(largest: largest, x: right + 32, height: barHeight, on: &picture)
    return picture.document(
      width: max(right + 130, 640), height: max(bottom, Self.top + barHeight + 20) + 50)
  }

  /// One path for each shade, neighbours in a row as one rectangle: 10,000 cells stay small.
  private func drawCells(
    width: Double, height: Double, largest: Int, on picture: inout VectorPicture
  ) {
    let shades = 255
    var runs = [[(client: Int, classes: Range<Int>)]](repeating: [], count: shades + 1)
    for (client, counts) in partition.labelCounts.enumerated() {
      let row = counts.map { count in count > 0 ? 1 + count * (shades - 1) / largest : 0 }
      var start = 0
      while start < row.count {
        let end = row[start...].firstIndex { $0 != row[start] } ?? row.count
        if row[start] > 0 { runs[row[start]].append((client, start..<end)) }
        start = end
      }
    }
    for (shade, runs) in runs.enumerated() where !runs.isEmpty {
      picture.rectangles(
        runs.map { run in
          (
            x: Self.left + Double(run.classes.lowerBound) * width,
            y: Self.top + Double(run.client) * height,
            width: Double(run.classes.count) * width, height: height
          )
        }, fill: .scale(Double(shade) / Double(shades)))
    }
  }

  private func drawColourBar(
    largest: Int, x: Double, height: Double, on picture: inout VectorPicture
  ) {
    let top = Self.top + 16
    let steps = 60
    picture.text("samples", x: x, y: Self.top + 4, colour: .softInk)
    for step in 0..<steps {
      let part = (Double(step) + 0.5) / Double(steps)
      // Half a pixel of overlap hides the seams of renderers that smooth edges.
      picture.rectangle(
        x: x, y: top + height * Double(steps - 1 - step) / Double(steps), width: 16,
        height: height / Double(steps) + (step == 0 ? 0 : 0.5), fill: .scale(part))
    }
    let axis = NiceAxis(largest: largest, maximumTicks: 6)
    let ticks = axis.ticks.filter { $0 > 0 && $0 <= largest }
    for tick in ticks {
      let y = top + height * (1 - Double(tick) / Double(largest))
      picture.line(fromX: x + 16, y: y, toX: x + 20, y: y, colour: .softInk)
      picture.text("\(tick)", x: x + 24, y: y + 4, size: 11)
    }
    picture.text("white: none", x: x, y: top + height + 16, size: 11, colour: .softInk)
  }

  private func start(_ summary: String) -> VectorPicture {
    let dataset = partition.dataset.isEmpty ? "a dataset" : partition.dataset
    let title = "\(dataset) over \(partition.clientCount) clients: \(partition.scheme)"
    var picture = VectorPicture(
      title: title, summary: "\(summary); \(partition.classCount) classes")
    let trainCount = partition.train.reduce(0) { $0 + $1.count }
    let testCount = partition.test.reduce(0) { $0 + $1.count }
    picture.text(title, x: 20, y: 30, size: 17, bold: true)
    picture.text(
      "\(trainCount + testCount) samples (\(trainCount) train, \(testCount) test), seed "
        + "\(partition.seed), SHA-256 \(partition.sha256.prefix(12))…",
      x: 20, y: 52, colour: .softInk)
    return picture
  }

  private func label(
    axis: String, plotWidth: Double, bottom: Double, on picture: inout VectorPicture
  ) {
    picture.text(
      axis, x: Self.left + plotWidth / 2, y: bottom + 38, size: 12, anchor: .middle,
      colour: .softInk)
  }

  private func label(clients plotHeight: Double, on picture: inout VectorPicture) {
    picture.text(
      "client", x: 22, y: Self.top + plotHeight / 2, size: 12, anchor: .middle, colour: .softInk,
      vertical: true)
  }

  /// The number of cells per label, so that labels are `needed` pixels apart.
  private static func labelStep(spacing: Double, needed: Double) -> Int {
    firstRoundNumber { Double($0) * spacing >= needed }
  }
}
