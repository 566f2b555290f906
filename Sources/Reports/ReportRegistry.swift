import Experiments

/// The reports that sweeps can ask for: what stands under `report:` in a sweep's file, and the tables and
/// figures that it is made of. A line a report.
public enum ReportRegistry {
  /// A report with its tables and figures.
  public struct Entry: Sendable {
    /// Its name, and what the planning of runs has to know of it.
    public let report: SweepReport
    /// Its tables and figures in the order of the page.
    public let parts: [any ReportPart.Type]

    fileprivate init(_ name: String, hasGrids: Bool = false, _ parts: any ReportPart.Type...) {
      report = SweepReport(name: name, hasGrids: hasGrids)
      self.parts = parts
    }
  }

  /// All reports, in the order in which error lines list them.
  public static let all = [
    // Accuracy of methods (rows) on datasets and numbers of clients (columns): Tables 1 and 2.
    Entry(
      "accuracy-table", AccuracyTable.self, LearningCurvesFigure.self, ClientSpreadFigure.self,
      CommunicationFigure.self),
    // Accuracy and communication against the number of retained layers: Table 3.
    Entry("communication-table", CommunicationTable.self, CommunicationFigure.self),
    // Layer-wise against model-wise aggregation by similarity: Figure 1.
    Entry("similarity", SimilarityAccuracyFigure.self, SimilarityWeightsFigure.self),
    // A target client's weights of itself, of similar and of other clients over time: Figure 5.
    Entry("weights-over-time", WeightsOverTimeFigure.self),
    // Heat maps of all clients' weights: Figure 6.
    Entry("heat-map", HeatMapFigure.self),
    // A target client's self weight in every layer: Figure 7.
    Entry("self-weights", SelfWeightsFigure.self),
    // Trials of each method's hyperparameters on held-out training data, and what was chosen.
    Entry("tuning", hasGrids: true, TuningReport.self),
    // The same trials where nothing is to be chosen: how much an outcome depends on a key.
    Entry("sensitivity", hasGrids: true, SensitivityReport.self),
  ]

  /// What the planning of runs has to know of each report, in the same order.
  public static var reports: [SweepReport] { all.map(\.report) }

  /// The report of that name; nil if there is none.
  public static func entry(named name: String) -> Entry? { all.first { $0.report.name == name } }
}
