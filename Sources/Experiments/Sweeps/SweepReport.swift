/// A report that a sweep can ask for under its key `report`, as far as the planning of its runs has to know
/// it. What a report shows is the matter of the module `Reports`, whose registry lists them all.
public struct SweepReport: Sendable, Equatable {
  /// The report of a sweep that names none.
  public static let standardName = "accuracy"

  /// The name in a sweep's file.
  public let name: String
  /// Whether its runs are trials of a grid, on held-out training samples.
  public let hasGrids: Bool

  /// A report of that name.
  public init(name: String, hasGrids: Bool = false) {
    self.name = name
    self.hasGrids = hasGrids
  }
}
