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
  public func resolved(batchNormalisation: Bool, partition: Partition) -> [RunSetting] {
    settings(
      batchNormalisation: batchNormalisation, clientCount: partition.clientCount,
      partition: [
        RunSetting("partition.scheme", .text(partition.scheme)),
        RunSetting("partition.seed", .integer(Int(clamping: partition.seed))),
      ] + partition.settings.map { Self.partitionSetting($0.key, $0.value) }
        + [RunSetting(RunSetting.partitionDigestKey, .text(partition.sha256))])
  }

  /// The same without what only the data can tell, for naming a run before they are read.
  public var identity: [RunSetting] {
    let source: [RunSetting] =
      switch partition {
      case .scheme(let scheme, let seed):
        [
          RunSetting("partition.scheme", .text(type(of: scheme.scheme).name)),
          RunSetting("partition.seed", .integer(Int(clamping: seed ?? self.seed))),
        ] + scheme.settings.map { Self.partitionSetting($0.key, $0.value) }
      case .file(let path): [RunSetting("partition.file", .text(path))]
      }
    return settings(
      batchNormalisation: model.batchNormalisation ?? dataset.defaults.batchNormalisation,
      clientCount: source.first { $0.key == "partition.clients" }.flatMap { Int($0.value) } ?? 0,
      partition: source)
  }

  private static func partitionSetting(_ key: String, _ value: String) -> RunSetting {
    let typed: RunSetting.Value =
      Int(value).map { .integer($0) } ?? Double(value).map { .number($0) } ?? .text(value)
    // The text stays as the scheme writes it: 0.10 is not 0.1 to a digest.
    return RunSetting("partition.\(key)", typed.description == value ? typed : .text(value))
  }

  private func settings(
    batchNormalisation: Bool, clientCount: Int, partition: [RunSetting]
  ) -> [RunSetting] {
    var settings: [RunSetting] = [
      RunSetting("method", .text(method)),
      RunSetting("seed", .integer(Int(clamping: seed))),
      RunSetting("dataset.name", .text(dataset.name)),
      RunSetting("dataset.splits", .text(dataset.splits.map(Self.list) ?? "all")),
      RunSetting("dataset.classes", .text(dataset.classes.map(Self.list) ?? "all")),
    ]
    settings += partition
    settings += [
      RunSetting("model.architecture", .text(Self.architectureName)),
      RunSetting("model.batch_normalisation", .flag(batchNormalisation)),
      RunSetting("model.pixel_scaling", .text(model.pixelScaling.rawValue)),
      RunSetting("model.batch_normalisation_statistics", .text(model.statistics.rawValue)),
      RunSetting("rounds", .integer(rounds)),
      RunSetting("participation", .number(participation)),
      RunSetting("local_epochs", .integer(localEpochs)),
      RunSetting("batch_size", .integer(batchSize)),
      RunSetting("learning_rate", Self.number(optimiser.learningRate)),
      RunSetting("momentum", Self.number(optimiser.momentum)),
      RunSetting("weight_decay", Self.number(optimiser.weightDecay)),
      RunSetting("evaluate_every", .integer(evaluateEvery)),
      RunSetting(
        "record_weights_every", .integer(recordWeightsEvery(clientCount: clientCount))),
      RunSetting("record_class_counts_every", .integer(recordClassCountsEvery)),
      RunSetting(
        "validation_share", .number(validationShare),
        role: validationShare == 0 ? .neutral : .numbers),
      RunSetting(
        "held_out_share", .number(heldOutShare), role: heldOutShare == 0 ? .neutral : .numbers),
      RunSetting("saved_models", .text(savedModels.rawValue)),
      RunSetting("on_divergence", .text(onDivergence.rawValue), role: .divergence),
    ]
    for option in MethodRegistry.method(named: method)?.information.options ?? [] {
      let value = methodOptions[option.key] ?? option.defaultValue
      let typed: RunSetting.Value =
        switch value {
        case .integer(let number): .integer(number)
        case .number(let number): .number(number)
        case .text(let word): .text(word)
        case .integers(let numbers): .integers(numbers)
        }
      settings.append(
        RunSetting(
          "methods.\(method).\(option.key)", typed,
          role: value == option.neutralValue ? .neutral : .numbers))
    }
    return settings
  }

  /// A single-precision value by its shortest decimal digits: 0.01, not 0.009999999776.
  private static func number(_ value: Float) -> RunSetting.Value {
    .number(Double("\(value)") ?? Double(value))
  }

  private static func list(_ words: [String]) -> String { "[\(words.joined(separator: ", "))]" }
}
