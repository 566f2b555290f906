import Datasets
import Experiments
import Foundation
import Support

/// Figure 6: all clients' weights for all clients in one layer after the last recorded round, ours on the
/// left and the paper's on the right with the same colours; one picture per dataset.
///
/// The paper's values are clipped where its colour bar ends; so are our colours, but the numbers in
/// the tiles are whole. Values are means over seeds. The CSV file has every layer.
public struct HeatMapFigure: ReportPart {
  private let results: SweepResults
  private let paper: PaperNumbers

  /// The figure of a sweep's results beside the paper's numbers.
  public init(_ results: SweepResults, paper: PaperNumbers) {
    self.results = results
    self.paper = paper
  }

  /// A tile.
  private struct Tile {
    let target: Int
    let source: Int
    let weight: Double
    let isClipped: Bool
  }

  /// Writes `heat-map-<dataset>.csv` and its picture for each dataset. Throws if the folder cannot be written to.
  public func write(to folder: String) throws -> ReportSection {
    var section = results.emptySection
    let axes = results.panelAxes(without: ["seed"])
    for panel in results.panels(without: ["seed"]) {
      let runs = results.runs(panel.place)
      let views = runs.compactMap(WeightView.init)
      guard let first = views.first, let layer = Self.layer(panel.dataset, of: first.layers) else {
        if !runs.isEmpty { section.note("\(panel.title): no aggregation weights; left out.") }
        continue
      }
      var numbers = CSV(
        axes + [
          "layer", "round", "target_client", "source_client", "source", "weight",
          "weight_sd_seeds", "seeds", "clipped",
        ])
      var ours: [Tile] = []
      for (place, name) in first.layers.enumerated() {
        for target in 0..<first.clientCount {
          let perSeed = views.map { $0.last(client: target, layer: place) }
          for source in 0..<first.clientCount {
            let weights = perSeed.map { $0[source] }
            numbers.append(
              panel.labels + [
                name, first.rounds.last.map(String.init) ?? "", "\(target)", "\(source)", "ours",
                CSV.number(weights.mean), CSV.number(weights.standardDeviation),
                "\(weights.count)", "0",
              ])
            if name == layer {
              ours.append(
                Tile(target: target, source: source, weight: weights.mean, isClipped: false))
            }
          }
        }
      }
      let published = paper.rows("fig6.csv").filter {
        $0["dataset"] == panel.dataset && $0["layer"] == layer
      }
      for row in published {
        numbers.append(
          panel.labels + [
            layer, "", row["target_client"] ?? "", row["source_client"] ?? "", "paper",
            row["weight"] ?? "", "", "", row["clipped"] ?? "",
          ])
      }
      let name = panel.labels.isEmpty ? "heat-map" : "heat-map-\(panel.fileName)"
      try section.add(
        picture(panel, layer, ours, published.compactMap(Self.tile)),
        caption: "Weights of all source clients in layer \(layer) of all target clients after the "
          + "last round, \(panel.title); ours on the left, the paper's on the right if it has "
          + "any. Colours end where the paper's colour bar does (≥); the tiles have the numbers.",
        numbers: numbers, name: name, to: folder)
    }
    if !section.files.isEmpty {
      section.note(
        "The paper's Figure 6 ends its colour bars at 0.2 to 0.3: its values there (column clipped) "
          + "are lower bounds.")
    }
    return section
  }

  /// The layer that the dataset's catalogue entry names; the last one of a model that has no such layer.
  static func layer(_ dataset: String, of layers: [String]) -> String? {
    DatasetCatalogue.defaults(of: dataset).heatMapLayer.flatMap {
      layers.contains($0) ? $0 : nil
    } ?? layers.last
  }

  private static func tile(_ row: [String: String]) -> Tile? {
    guard let target = row["target_client"].flatMap({ Int($0) }),
      let source = row["source_client"].flatMap({ Int($0) }),
      let weight = row["weight"].flatMap({ Double($0) })
    else { return nil }
    return Tile(target: target, source: source, weight: weight, isClipped: row["clipped"] == "1")
  }

  private func picture(
    _ panel: SweepResults.Panel, _ layer: String, _ ours: [Tile], _ published: [Tile]
  ) -> PanelPicture {
    let end = (published.isEmpty ? ours : published).map(\.weight).max() ?? 1
    let isClipped = ours.contains { $0.weight > end } || published.contains(where: \.isClipped)
    var panels = [drawing("ours", ours, end: end, isClipped: isClipped)]
    if !published.isEmpty {
      panels.append(drawing("the paper", published, end: end, isClipped: isClipped))
    }
    return PanelPicture(
      title: "\(panel.title): weights in layer \(layer) \(results.profileRemark)", panels: panels,
      plotHeight: 298, leftMargin: 60, bottomMargin: 64)
  }

  /// With more clients than this, the numbers do not fit into their tiles.
  private static let mostNumbers = 10

  private func drawing(_ title: String, _ tiles: [Tile], end: Double, isClipped: Bool)
    -> Panel
  {
    let count = (tiles.map { max($0.target, $0.source) }.max() ?? 0) + 1
    func point(_ tile: Tile) -> [Double] {
      [Double(tile.source), Double(tile.target), min(tile.weight, end)]
    }
    let bar = ColourBar(
      end: end,
      label: isClipped
        ? "aggregation weight (last colour: this or more)" : "aggregation weight")
    func numbers(_ colour: Colour) -> Mark {
      let shown = tiles.filter {
        count <= Self.mostNumbers && bar.colour(min($0.weight, end)).contrasting == colour
      }
      return Mark(
        .labels(colour.hexadecimal), shown.map(point),
        texts: shown.map { ($0.isClipped ? "≥" : "") + Self.short($0.weight) })
    }
    let tics = Axis.Tics.every(Double(max(1, count / 10)), hasStrokes: false)
    return Panel(
      title: title,
      x: Axis(label: "source client", range: .ends(-0.5, Double(count) - 0.5), tics: tics),
      y: Axis(label: "target client", range: .ends(Double(count) - 0.5, -0.5), tics: tics),
      marks: [
        Mark(.tiles, tiles.map(point)),
        numbers(.black), numbers(.white),
      ],
      colourBar: bar)
  }

  /// Two decimals without the leading zero.
  private static func short(_ weight: Double) -> String {
    let text = String(format: "%.2f", weight)
    return text.hasPrefix("0.") ? String(text.dropFirst()) : text
  }
}
