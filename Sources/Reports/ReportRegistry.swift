import Experiments
import Support

/// The reports that sweeps can ask for: what stands under `report:` in a sweep's file, and the tables and
/// figures that it is made of. A line a report; a program that imports this package adds its own with `add`.
public enum ReportRegistry {
  /// A report with its tables and figures.
  public struct Entry: Sendable {
    /// Its name, and what the planning of runs has to know of it.
    public let report: SweepReport
    /// Its tables and figures in the order of the page.
    public let parts: [any ReportPart.Type]

    /// A report of that name.
    /// - Parameters:
    ///   - name: what a sweep gives under `report:`.
    ///   - hasGrids: whether its runs are trials of a grid, as `pfedla tune` does them.
    ///   - parts: its tables and figures in the order of the page.
    public init(_ name: String, hasGrids: Bool = false, _ parts: any ReportPart.Type...) {
      report = SweepReport(name: name, hasGrids: hasGrids)
      self.parts = parts
    }
  }

  private static let registry = Registry<Entry>(
    "report",
    [
      // Accuracy of methods (rows) on datasets and numbers of clients (columns): Tables 1 and 2.
      Entry(
        "accuracy-table", AccuracyTable.self, SpreadTable.self, PeakTable.self, ForestFigure.self,
        LearningCurvesFigure.self, ClientSpreadFigure.self, CommunicationFigure.self),
      // A table and learning curves of any sweep: what a sweep without the key gets.
      Entry(
        SweepReport.standardName, AccuracyTable.self, SpreadTable.self, PeakTable.self,
        LearningCurvesFigure.self),
      // No table and no figure.
      Entry("none"),
      // Accuracy and communication against the number of retained layers: Table 3.
      Entry("communication-table", CommunicationTable.self, CommunicationFigure.self),
      // Layer-wise against model-wise aggregation by similarity: Figure 1.
      Entry("similarity", SimilarityAccuracyFigure.self, SimilarityWeightsFigure.self),
      // A target client's weights of itself, of similar and of other clients over time: Figure 5.
      Entry("weights-over-time", WeightsOverTimeFigure.self),
      // Heat maps of all clients' weights: Figure 6.
      Entry("heat-map", HeatMapFigure.self),
      // A target client's self weight in every layer, and over rounds: Figure 7.
      Entry("self-weights", SelfWeightsFigure.self, SelfWeightsOverRoundsFigure.self),
      // Trials of each method's hyperparameters on held-out training data, and what was chosen.
      Entry("tuning", hasGrids: true, TuningReport.self),
      // The same trials if nothing is to be chosen: how much an outcome depends on a key.
      Entry("sensitivity", hasGrids: true, SensitivityReport.self),
    ]
  ) { $0.report.name }

  /// All reports, in the order in which error lines list them; the package's first.
  public static var all: [Entry] { registry.all }

  /// Adds a report. Throws `RegistryError` if its name is taken, or is not made of lowercase letters,
  /// digits and hyphens.
  public static func add(_ entry: Entry) throws { try registry.add(entry) }

  /// What the planning of runs has to know of each report, in the same order.
  public static var reports: [SweepReport] { all.map(\.report) }

  /// The report of that name; nil if there is none.
  public static func entry(named name: String) -> Entry? { registry[name] }
}
