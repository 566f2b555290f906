import Datasets
import Experiments
import Foundation

extension SweepResults {
  /// A panel of a picture: a place on some of the sweep's axes.
  package struct Panel {
    /// The labels, by axis.
    let place: [String: String]
    /// The labels in the order of the axes.
    let labels: [String]
    /// The labels for readers.
    package let title: String
    /// The labels as part of a file's name.
    var fileName: String {
      labels.joined(separator: "-").map {
        $0.isLetter || $0.isNumber || "-.".contains($0) ? $0 : "-"
      }
      .reduce(into: "") { $0.append($1) }
    }
    /// The dataset's label; its name where the sweep has no axis `dataset`.
    let dataset: String
  }

  /// The names of the axes that distinguish panels: all but those given.
  func panelAxes(without axes: Set<String>) -> [String] {
    plan.axes.map(\.name).filter { !axes.contains($0) }
  }

  /// The panels that the plan has cells for, in the order of the axes.
  package func panels(without axes: Set<String>) -> [Panel] {
    var places: [[(axis: String, label: String)]] = [[]]
    for axis in plan.axes where !axes.contains(axis.name) {
      places = places.flatMap { place in axis.labels.map { place + [(axis.name, $0)] } }
    }
    return places.compactMap { labels in
      let place = Dictionary(
        labels.map { ($0.axis, $0.label) }, uniquingKeysWith: { first, _ in first })
      guard isPlanned(place) else { return nil }
      var words = labels.map { Self.title(axis: $0.axis, label: $0.label) }
      let dataset = place["dataset"] ?? finished(place).first?.dataset ?? ""
      if place["dataset"] == nil, !dataset.isEmpty {
        words.insert(Self.title(axis: "dataset", label: dataset), at: 0)
      }
      words += marks(place)
      return Panel(
        place: place, labels: labels.map(\.label), title: words.joined(separator: ", "),
        dataset: dataset)
    }
  }

  /// Whether any number comes from synthetic images.
  var isSynthetic: Bool { !marks([:]).filter { $0 == Self.syntheticMark }.isEmpty }

  /// The sweep's title, marked where its data are not the published ones.
  var markedTitle: String {
    let marks = marks([:])
    return plan.title + (marks.isEmpty ? "" : " (\(marks.joined(separator: " and ")) data)")
  }

  private static let syntheticMark = "SYNTHETIC"

  /// What to mark the runs at a place with, whose data are not the published ones.
  private func marks(_ place: [String: String]) -> [String] {
    let origins = Set(finished(place).map(\.origin))
    return [
      plan.isSynthetic || origins.contains(.synthetic) ? Self.syntheticMark : "",
      origins.contains(.unverified) ? "UNVERIFIED" : "",
    ].filter { !$0.isEmpty }
  }

  /// A label for readers.
  private static func title(axis: String, label: String) -> String {
    switch axis {
    case "dataset": DatasetCatalogue.title(of: label) ?? label
    case "clients": "\(label) clients"
    default: "\(axis) \(label)"
    }
  }

  /// The source of every picture of the sweep, in brackets after its title.
  var profileRemark: String {
    "(profile \(plan.profile)\(atRound.map { ", round \($0)" } ?? ""))"
  }

  /// The cells without a result, in a sentence; none if all have one.
  var missingNotes: [String] {
    let missing = cells.filter { $0.result == nil }
    guard !missing.isEmpty else { return [] }
    let named = missing.prefix(4).map { cell in
      plan.axes.compactMap { axis in cell.coordinates[axis.name].map { "\(axis.name) \($0)" } }
        .joined(separator: ", ")
    }
    return [
      "\(Counted.words(missing.count, of: cells.count, "run")) "
        + "\(missing.count == 1 ? "has no result and is" : "have no result and are") left out: "
        + named.joined(separator: "; ") + (missing.count > 4 ? "; and others." : ".")
    ]
  }

  /// A section without content but with the notes that hold for all of the sweep's figures.
  var emptySection: ReportSection {
    ReportSection(name: plan.name, title: plan.title, notes: missingNotes)
  }
}
