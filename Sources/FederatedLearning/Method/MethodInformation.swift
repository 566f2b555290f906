/// What a method is, for listings and records.
public struct MethodInformation: Sendable {
  /// Its name in specifications, such as `pfedla`.
  public let name: String
  /// Its name in the field, such as pFedLA.
  public let title: String
  /// Authors and venue of its paper; nil for a baseline without one.
  public let paper: String?
  /// The paper's year; nil for a baseline without one.
  public let year: Int?
  /// Which of the paper's equations and algorithms it follows.
  public let equations: String
  /// How batch normalisation's running statistics travel unless the specification says otherwise.
  public let statistics: FederationSetting.StatisticsTreatment
  /// The model whose accuracy the method's own paper reports, and so do tables here; the other one is
  /// recorded beside it.
  public let reported: EvaluatedModel
  /// Its configuration keys.
  public let options: [OptionDeclaration]

  /// Paper, year and equations in one line.
  public var reference: String {
    [paper, year.map(String.init), equations].compactMap { $0 }.joined(separator: ", ")
  }

  /// A method's name, title, publication, treatment of running statistics and keys.
  public init(
    name: String, title: String, paper: String?, year: Int?, equations: String,
    statistics: FederationSetting.StatisticsTreatment = .aggregated,
    reported: EvaluatedModel = .received, options: [any DeclaredOption] = []
  ) {
    self.name = name
    self.title = title
    self.paper = paper
    self.year = year
    self.equations = equations
    self.statistics = statistics
    self.reported = reported
    self.options = options.map(\.declaration)
  }
}

/// A client's model that is evaluated.
public enum EvaluatedModel: String, Sendable, CaseIterable {
  /// The model that the client's next local training would start from.
  case received
  /// What local training has left.
  case trained
}
