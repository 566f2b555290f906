import Foundation

/// Learning curves: mean test accuracy over rounds, a colour a method; one row of panels a dataset
/// and partition scheme, received models on the left and trained models on the right.
struct CurvesPicture {
  private let comparison: Comparison

  init(_ comparison: Comparison) { self.comparison = comparison }

  /// Draws `curves.svg` and `curves.png` from the CSV file in the same folder.
  /// - Returns: the names of the files written; none without gnuplot.
  func write(to folder: String, from csv: String) throws -> [String] {
    guard Gnuplot.program != nil, !comparison.panels.isEmpty else { return [] }
    let height = 400 * comparison.panels.count + 40
    for (terminal, file) in [
      ("svg size 1000,\(height) dynamic font 'sans,14' background '#ffffff'", "curves.svg"),
      ("pngcairo size 1000,\(height) font 'sans,11'", "curves.png"),
    ] {
      try Gnuplot.run(script(terminal: terminal, file: file, csv: csv), in: folder)
    }
    return ["curves.svg", "curves.png"]
  }

  private func script(terminal: String, file: String, csv: String) -> String {
    var lines = [
      "set terminal \(terminal)", "set output '\(file)'", "set datafile separator ','",
      "set key outside bottom center horizontal", "set grid lc '#dddddd' lt 1",
      "set xlabel 'round'",
      "set ylabel 'test accuracy (%), mean over clients'",
      "set multiplot layout \(comparison.panels.count),2",
    ]
    for panel in comparison.panels {
      let dataset = panel.dataset.replacingOccurrences(of: " (synthetic)", with: "")
      for (column, state) in [(6, "received"), (7, "trained")] {
        lines.append(
          "set title " + Gnuplot.quoted("\(panel.dataset), \(panel.scheme): \(state) models"))
        let curves = panel.methods.enumerated().map { index, method in
          let colour = Gnuplot.colours[index % Gnuplot.colours.count]
          let chosen =
            "strcol(1) eq '\(method)' && strcol(2) eq '\(dataset)' && strcol(3) eq '\(panel.scheme)'"
          return "'\(csv)' every ::1 using 4:(\(chosen) ? $\(column) : 1/0) with linespoints "
            + "lw 2 pt 7 ps 0.4 lc '\(colour)' title " + Gnuplot.quoted(method)
        }
        lines.append("plot " + curves.joined(separator: ", "))
      }
    }
    lines.append("unset multiplot")
    return lines.joined(separator: "\n") + "\n"
  }
}
