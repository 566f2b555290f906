import Experiments
import FederatedLearning
import Support

/// An accuracy table for the first screen of `report.html`: its cells are shaded by their difference to the
/// paper or to Local, and show the reported, the received or the trained model. The page switches between them
/// by its style sheet alone.
public struct AccuracyOverview: Sendable {
  /// Which model's accuracy a cell shows.
  enum Model: String, CaseIterable {
    case reported, received, trained
  }

  /// A number of a cell.
  struct Value {
    /// In percent, mean over clients and seeds; NaN if there is none.
    let mean: Double
    /// Over seeds; NaN for fewer than two.
    let deviation: Double
    /// To the paper's number, in points; NaN if it has none.
    let toPaper: Double
    /// To Local's in the column, in points; NaN if there is none.
    let toLocal: Double
    /// The highest of its column.
    let isBest: Bool
  }

  /// A cell.
  struct Cell {
    let isPlanned: Bool
    /// What is shown instead of a number, such as a divergence; empty for none.
    let remark: String
    /// The paper's number; NaN if it has none.
    let paper: Double
    /// By model.
    let values: [Model: Value]

    /// Whether a run of it is finished, with a number or not.
    var isFinished: Bool { !remark.isEmpty || values.values.contains { !$0.mean.isNaN } }
  }

  let title: String
  /// Axis (column), without that of the methods.
  let header: [String]
  /// Axes (row, column).
  let rows: [(title: String, cells: [Cell])]
  /// Profile and what else a reader must know, in a sentence or two.
  let remark: String

  // MARK: HTML

  /// The table.
  package var html: String {
    let head =
      "<tr><th scope=\"col\">method</th>"
      + header.map { "<th scope=\"col\">\(Escaping.html($0))</th>" }.joined() + "</tr>"
    let lines = rows.map { row in
      "<tr><th scope=\"row\">\(Escaping.html(row.title))</th>"
        + row.cells.map(Self.html).joined() + "</tr>"
    }
    return """
      <div class="table" tabindex="0" role="region" aria-label="\(Escaping.html(title))">
      <table class="overview"><caption>\(Escaping.html(title))</caption>
      <thead>\(head)</thead>
      <tbody>\(lines.joined(separator: "\n"))</tbody></table></div>
      <p class="note">\(Escaping.html(remark))</p>
      """
  }

  private static func html(_ cell: Cell) -> String {
    guard cell.isPlanned else { return "<td><span class=\"value\">–</span></td>" }
    let paper =
      cell.paper.isNaN
      ? "" : " <span class=\"paper\">(\(CellAccuracy.number(cell.paper)))</span>"
    let values = Model.allCases.map { model -> String in
      guard let value = cell.values[model], !value.mean.isNaN else {
        return
          "<span class=\"value \(model.rawValue)\">\(Escaping.html(cell.remark))\(paper)</span>"
      }
      let classes =
        ["value", model.rawValue]
        + [shade("paper", value.toPaper), shade("local", value.toLocal)].compactMap { $0 }
      let number = CellAccuracy.number(value.mean)
      let deviation =
        value.deviation.isNaN
        ? "" : " <span class=\"deviation\">± \(CellAccuracy.number(value.deviation))</span>"
      return "<span class=\"\(classes.joined(separator: " "))\">"
        + (value.isBest ? "<strong>\(number)</strong>" : number) + deviation + paper + "</span>"
    }
    return "<td>\(values.joined())</td>"
  }

  /// The class of a difference in points: `paper-above-2`; nil below half a point.
  private static func shade(_ reference: String, _ difference: Double) -> String? {
    let size = abs(difference)
    guard size >= 0.5 else { return nil }
    let step = size < 2 ? 1 : size < 5 ? 2 : size < 10 ? 3 : 4
    return "\(reference)-\(difference > 0 ? "above" : "below")-\(step)"
  }
}

extension AccuracyTable {
  /// The table for the first screen; nil before a run is finished.
  var overview: AccuracyOverview? {
    let accuracies = rows.map { row in columns.map { accuracy(row, $0) } }
    guard accuracies.joined().contains(where: { !$0.mean.isNaN }) else { return nil }
    let local = rows.firstIndex { $0["method"] == Local.information.name }
    let means = AccuracyOverview.Model.allCases.map { model in
      accuracies.map { $0.map { $0.mean(of: model) } }
    }
    return AccuracyOverview(
      title: facts.title, header: columns.map(Self.title),
      rows: rows.indices.map { row in
        let cells = columns.indices.map { column in
          let cell = accuracies[row][column]
          let paper =
            facts.isSynthetic
            ? .nan : paperNumber("accuracy_percent", rows[row], columns[column])
          let values = zip(AccuracyOverview.Model.allCases, means).map { model, means in
            let known = means.map { $0[column] }.filter { !$0.isNaN }
            let mean = means[row][column]
            return (
              model,
              AccuracyOverview.Value(
                mean: mean, deviation: cell.deviation(of: model), toPaper: mean - paper,
                toLocal: row == local ? .nan : local.map { mean - means[$0][column] } ?? .nan,
                isBest: known.count > 1 && mean == known.max())
            )
          }
          return AccuracyOverview.Cell(
            isPlanned: isPlanned(rows[row], columns[column]),
            remark: cell.divergedCount > 0 ? "diverged" : "",
            paper: paper, values: Dictionary(values, uniquingKeysWith: { $1 }))
        }
        return (title(rows[row]), cells)
      }, remark: facts.remark)
  }
}

extension CellAccuracy {
  fileprivate func mean(of model: AccuracyOverview.Model) -> Double {
    switch model {
    case .reported: mean
    case .received: received
    case .trained: trained
    }
  }

  fileprivate func deviation(of model: AccuracyOverview.Model) -> Double {
    switch model {
    case .reported: seedDeviation
    case .received: receivedDeviation
    case .trained: trainedDeviation
    }
  }
}
