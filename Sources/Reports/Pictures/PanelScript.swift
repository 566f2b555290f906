import Support

// Panels in gnuplot's language; the only place that writes it besides `PanelPicture` and `Gnuplot`.
extension Panel {
  /// The commands before the panel's `plot`; the variable `small_font` is a font for tight places.
  var commands: [String] {
    var commands = barWidth.map { ["set boxwidth \($0) absolute"] } ?? []
    commands += x.commands("x", labelOffset: "0,0.3")
    commands += y.commands("y", labelOffset: colourBar == nil ? "0.5,0" : "0,0")
    if case .names = x.tics { commands.append("set grid noxtics ytics") }
    if let colourBar { commands += colourBar.commands + ["unset grid", "unset border"] }
    return commands
  }
}

extension Axis {
  fileprivate func commands(_ axis: String, labelOffset: String) -> [String] {
    var commands: [String]
    switch range {
    case .percent(let values): commands = AxisRange.percent(axis, values)
    case .count(let values): commands = AxisRange.count(axis, values)
    case .ends(let first, let last): commands = ["set \(axis)range [\(first):\(last)]"]
    case .upwards: commands = ["set \(axis)range [0:*]"]
    }
    switch tics {
    case .automatic: break
    case .every(let step, let hasStrokes):
      commands.append("set \(axis)tics \(step)\(hasStrokes ? "" : " scale 0")")
    case .names(let names, let isSmall):
      let tics = names.enumerated().map { "\(Gnuplot.ticLiteral($1)) \($0)" }
      commands.append(
        "set \(axis)tics (\(tics.joined(separator: ", "))) scale 0"
          + (isSmall ? " font small_font" : ""))
    }
    if !label.isEmpty {
      commands.append("set \(axis)label \(Escaping.gnuplot(label)) offset \(labelOffset)")
    }
    return commands
  }
}

extension ColourBar {
  fileprivate var commands: [String] {
    [
      "set palette defined (\(Self.colours.enumerated().map { "\($0) '\($1.hexadecimal)'" }.joined(separator: ", ")))",
      "set cbrange [0:\(end)]", "set cbtics scale 0.4 offset 0,0.4",
      "set cblabel \(Escaping.gnuplot(label)) offset 0,0.2",
    ]
  }
}

extension Mark {
  /// Lines of numbers, and texts behind them, separated by blanks.
  var rows: [String] {
    points.enumerated().map { place, numbers in
      let text = texts.indices.contains(place) ? [texts[place]] : []
      return (numbers.map { "\($0)" } + text).joined(separator: " ")
    }
  }
}

extension Style {
  /// What follows the data in the `plot` command of a panel.
  var plot: String {
    switch self {
    case .line, .points, .lineWithPoints, .bars: "using 1:2 \(legend)"
    case .errorBars(let marker): "using 1:2:3 with yerrorbars \(marker.words)"
    case .levelErrorBars(let marker): "using 1:2:3 with xerrorbars \(marker.words) lw 1.6"
    case .band(let colour):
      "using 1:2:3 with filledcurves fc rgb '\(colour)' fs transparent solid 0.18 noborder"
    case .boxes(let fill): "using 1:3:1:2:3:4 with boxxyerror \(fill.words)"
    case .pieces(let fill):
      "using 1:2:($1-0.4):($1+0.4):2:3 with boxxyerror \(fill.words)"
    case .levels(let stroke): "using 1:2:3:(0) with vectors nohead \(stroke.words)"
    case .tiles:
      "using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 with boxxyerror fs solid 1 border "
        + "lc rgb '#ffffff' fc palette"
    case .labels(let colour): "using 1:2:4 with labels font small_font tc rgb '\(colour)'"
    }
  }

  /// What follows the data in the `plot` command of a legend.
  var legend: String {
    switch self {
    case .line(let stroke), .levels(let stroke): "with lines \(stroke.words)"
    case .points(let marker), .errorBars(let marker), .levelErrorBars(let marker):
      "with points \(marker.words)"
    case .band(let colour): "with boxes fs transparent solid 0.18 noborder lc rgb '\(colour)'"
    case .lineWithPoints(let stroke, let marker):
      "with linespoints \(marker.shapeWords) \(stroke.words)"
    case .bars(let fill), .pieces(let fill), .boxes(let fill): "with boxes \(fill.words)"
    case .tiles: "with boxes fs solid 1 fc palette"
    case .labels(let colour): "with points lc rgb '\(colour)'"
    }
  }
}

extension Stroke {
  fileprivate var words: String {
    "lw \(width) lc rgb '\(colour)'" + (dash == .none ? "" : " dt \(dash.rawValue)")
  }
}

extension Marker {
  fileprivate var shapeWords: String { "pt \(shape.rawValue) ps \(size)" }
  fileprivate var words: String {
    shapeWords + (lineWidth.map { " lw \($0)" } ?? "") + " lc rgb '\(colour)'"
  }
}

extension Fill {
  fileprivate var words: String {
    switch self {
    case .solid(let colour): "fs solid 1 noborder lc rgb '\(colour)'"
    case .edged(let colour): "fs solid 1 border lc rgb '#ffffff' fc rgb '\(colour)'"
    case .hatched(let colour): "fs pattern 4 fc rgb '\(colour)'"
    }
  }
}
