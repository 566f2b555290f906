import Experiments

/// A method of the sweep of Figure 1 at a panel's place.
struct SimilarityLine {
  /// The client that the paper shows.
  static let target = 1

  let panel: SweepResults.Panel
  let series: MethodSeries
  /// The method in the paper's words, such as `layer-wise` for similarity-layerwise.
  let aggregation: String

  /// All that have the target client, panel by panel.
  static func all(_ results: SweepResults) -> [SimilarityLine] {
    results.seriesPanels.flatMap { panel in
      results.series(panel).compactMap { series in
        guard (series.runs.first?.record.clientCount ?? 0) > target else { return nil }
        return SimilarityLine(
          panel: panel, series: series, aggregation: aggregation(series.label))
      }
    }
  }

  private static func aggregation(_ method: String) -> String {
    switch method {
    case "similarity-layerwise": "layer-wise"
    case "similarity-modelwise": "model-wise"
    default: method
    }
  }
}
