import FederatedLearning
import Foundation
import Partitioning

extension RunSpecification {
  /// Every key that decides the numbers with the value in force, defaults included, in a fixed
  /// order: the record of what the run did, and what a resumed run must agree with.
  ///
  /// Left out is what cannot change a number of the run: its name, the checkpoints' frequency and
  /// where files lie.
  /// - Parameters:
  ///   - batchNormalisation: as decided with the dataset.
  ///   - partition: as drawn or read.
  public func resolved(batchNormalisation: Bool, partition: Partition) -> [(
    key: String, value: String
  )] {
    lines(
      batchNormalisation: batchNormalisation, clientCount: partition.clientCount,
      partition: [
        ("partition.scheme", partition.scheme), ("partition.seed", "\(partition.seed)"),
      ] + partition.settings.map { ("partition.\($0.key)", $0.value) }
        + [("partition.sha256", partition.sha256)])
  }

  /// The same without what only the data can tell, for naming a run before they are read.
  public var identity: [(key: String, value: String)] {
    let source: [(key: String, value: String)] =
      switch partition {
      case .scheme(let scheme, let seed):
        [
          ("partition.scheme", type(of: scheme.scheme).name),
          ("partition.seed", "\(seed ?? self.seed)"),
        ]
          + scheme.settings.map { ("partition.\($0.key)", $0.value) }
      case .file(let path): [("partition.file", path)]
      }
    return lines(
      batchNormalisation: model.batchNormalisation ?? dataset.isCIFAR,
      clientCount: source.first { $0.key == "partition.clients" }.flatMap { Int($0.value) } ?? 0,
      partition: source)
  }

  private func lines(
    batchNormalisation: Bool, clientCount: Int, partition: [(key: String, value: String)]
  ) -> [(key: String, value: String)] {
    var lines: [(key: String, value: String)] = [
      ("method", method),
      ("seed", "\(seed)"),
      ("dataset.name", dataset.name),
      ("dataset.splits", dataset.splits.map(Self.list) ?? "all"),
      ("dataset.classes", dataset.classes.map(Self.list) ?? "all"),
    ]
    lines += partition
    lines += [
      ("model.architecture", Self.architectureName),
      ("model.batch_normalisation", "\(batchNormalisation)"),
      ("model.pixel_scaling", model.pixelScaling.rawValue),
      ("model.batch_normalisation_statistics", model.statistics.rawValue),
      ("rounds", "\(rounds)"),
      ("participation", "\(participation)"),
      ("local_epochs", "\(localEpochs)"),
      ("batch_size", "\(batchSize)"),
      ("learning_rate", "\(optimiser.learningRate)"),
      ("momentum", "\(optimiser.momentum)"),
      ("weight_decay", "\(optimiser.weightDecay)"),
      ("evaluate_every", "\(evaluateEvery)"),
      ("record_weights_every", "\(recordWeightsEvery(clientCount: clientCount))"),
      ("saved_models", savedModels.rawValue),
    ]
    if validationShare != 0 { lines.append(("validation_share", "\(validationShare)")) }
    for option in MethodRegistry.method(named: method)?.information.options ?? [] {
      let value = methodOptions[option.key] ?? option.defaultValue
      if option.isSilentAtDefault, value == option.defaultValue { continue }
      lines.append(("methods.\(method).\(option.key)", value.description))
    }
    return lines
  }

  private static func list(_ words: [String]) -> String { "[\(words.joined(separator: ", "))]" }
}
