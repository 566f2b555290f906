import FederatedLearning
import Foundation
import Partitioning

extension RunSpecification {
  /// Every key that decides the numbers with the value in force, defaults included, in a fixed
  /// order: the record of what the run did, and what a resumed run must agree with.
  ///
  /// Left out is what cannot change a number of the run: its name, the checkpoints' frequency and
  /// where files lie.
  /// - Parameter partition: as drawn or read.
  public func resolved(partition: Partition) -> [RunSetting] {
    settings(
      clientCount: partition.clientCount,
      partition: [
        RunSetting("partition.scheme", .text(partition.scheme)),
        RunSetting("partition.seed", .integer(Int(clamping: partition.seed))),
      ] + partition.settings.map { Self.partitionSetting($0.key, $0.value) }
        + [RunSetting(RunSetting.partitionDigestKey, .text(partition.sha256))])
  }

  /// The same without what only the data determine, for naming a run before they are read.
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
      clientCount: source.first { $0.key == "partition.clients" }.flatMap { Int($0.value) } ?? 0,
      partition: source)
  }

  private static func partitionSetting(_ key: String, _ value: String) -> RunSetting {
    let typed: RunSetting.Value =
      Int(value).map { .integer($0) } ?? Double(value).map { .number($0) } ?? .text(value)
    // The text stays as the scheme writes it: 0.10 is not 0.1 to a digest.
    return RunSetting("partition.\(key)", typed.description == value ? typed : .text(value))
  }

  private func settings(clientCount: Int, partition: [RunSetting]) -> [RunSetting] {
    func values(_ keys: [RunKey]) -> [RunSetting] {
      keys.compactMap { $0.setting(self, clientCount: clientCount) }
    }
    var settings = values(RunKey.beforePartition) + partition + values(RunKey.afterPartition)
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
}
