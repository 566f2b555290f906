/// What a dataset decides of an experiment where its specification does not say: the paper's settings.
public struct ExperimentDefaults: Sendable, Equatable {
  /// Whether batch normalisation stands behind each convolution (`model.batch_normalisation`).
  public let batchNormalisation: Bool
  /// The step size of local training (`learning_rate`).
  public let learningRate: Float
  /// The layer whose aggregation weights a heat map shows, such as `fc1`; nil for the last layer of the
  /// model.
  public let heatMapLayer: String?

  /// Defaults for one dataset; without arguments those of a dataset that the paper does not have.
  public init(
    batchNormalisation: Bool = false, learningRate: Float = 0.005, heatMapLayer: String? = nil
  ) {
    self.batchNormalisation = batchNormalisation
    self.learningRate = learningRate
    self.heatMapLayer = heatMapLayer
  }
}

/// Datasets that are arrangements of the same images. Tables that choose classes of one of them name the
/// family.
public struct DatasetFamily: Sendable, Equatable {
  /// The label of such a choice, as "emnist".
  public let name: String
  /// The name for tables and figures, as "EMNIST".
  public let title: String

  /// A family with that label and title.
  public init(name: String, title: String) {
    self.name = name
    self.title = title
  }
}
