import Experiments
import FederatedLearning
import Support

/// Many results on common axes: method, seed, setting, round, client.
///
/// The setting is what differs between results besides these axes. A key of the dataset or the partition is part
/// of it where two results differ in it; any other key, such as the learning rate, only where two results of one
/// method on the same data do, since a key that goes with the method or the data needs no axis. A method's own keys distinguish entries of the
/// method axis instead. What a result records (`evaluate_every`, saved models and the like) is no part of either:
/// rounds without a value are missing. The order of the results does not matter.
public struct MergedResults: Sendable, CustomStringConvertible {
  /// A result without what is not merged.
  public struct Run: Sendable {
    let path: String
    let method: String
    let methodTitle: String
    let reportedModel: String
    let seed: UInt64
    let status: String
    let partitionSHA256: String
    let numbersSHA256: String
    let trainCounts: [Int32]
    let testCounts: [Int32]
    let record: RunRecord
    /// What may distinguish it: keys and values.
    let identity: [String: String]

    /// Takes what is merged from a result.
    public init(_ result: RunResult) {
      path = result.path
      method = result.method
      methodTitle = result.methodTitle
      reportedModel = result.reported.rawValue
      seed = result.seed
      status = result.record.hasDiverged ? "diverged" : "complete"
      partitionSHA256 = result.partitionSHA256
      numbersSHA256 = result.numbersSHA256 ?? ""
      trainCounts = result.trainCounts
      testCounts = result.testCounts
      // Weights and counts of classes can be larger than all the rest.
      var record = result.record
      (record.weights, record.retained) = ([], [])
      (record.correctReceived, record.correctTrained) = ([], [])
      self.record = record
      var identity = Comparison.identity(of: result)
      for key in ["dataset"] + MergedResults.unmerged { identity[key] = nil }
      identity["partition.seed"] = result.setting("partition.seed") ?? "\(result.seed)"
      self.identity = identity
    }

    /// Those of some keys that it has, with their values.
    func values(of keys: [String]) -> [(key: String, value: String)] {
      keys.compactMap { key in identity[key].map { (key, $0) } }
    }
  }

  /// An entry of the axis of methods or of settings.
  public struct Entry: Sendable, Hashable {
    /// Its label, such as `pfedla, step_size=0.1`, or `dataset.name=cifar10, participation=0.1`.
    public let label: String
    /// The method's name; empty for a setting that keys distinguish.
    let name: String
    /// The values of the keys that distinguish it.
    let values: [String: String]
    private let keys: [String]

    /// - Parameter shown: a key as the label shows it.
    init(_ name: String, _ values: [(key: String, value: String)], _ shown: (String) -> String) {
      self.name = name
      keys = values.map(\.key)
      self.values = Dictionary(values.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
      label = ((name.isEmpty ? [] : [name]) + values.map { "\(shown($0.key))=\($0.value)" })
        .joined(separator: ", ")
    }

    /// Whether it comes before another by the values of all keys that either has.
    func valuesPrecede(_ other: Entry) -> Bool {
      let keys = Set(keys + other.keys).sorted()
      return ValueOrder.precedes(
        keys.map { values[$0] ?? "" }, keys.map { other.values[$0] ?? "" }) ?? false
    }
  }

  /// Where a run stands on the first three axes.
  struct Place: Hashable {
    let method: Int
    let seed: Int
    let setting: Int
  }

  /// The axis of methods, in the order of the registry.
  public let methods: [Entry]
  /// The axis of seeds, ascending.
  public let seeds: [UInt64]
  /// The axis of settings, ordered by their values; a single one is labelled `all`.
  public let settings: [Entry]
  /// The keys that distinguish settings.
  let settingKeys: [String]
  let runs: [Place: Run]

  /// How many results there are, and how long the axes are, in a line.
  public var description: String {
    func count(_ number: Int, _ word: String) -> String { Counted.words(number, word) }
    return [
      count(runs.count, "result"), count(methods.count, "method"), count(seeds.count, "seed"),
      count(settings.count, "setting"), count(roundCount, "round"), count(clientCount, "client"),
    ].joined(separator: ", ")
  }

  /// Rounds of the longest run.
  var roundCount: Int { runs.values.map(\.record.roundCount).max() ?? 0 }
  /// Clients of the largest federation.
  var clientCount: Int { runs.values.map(\.record.clientCount).max() ?? 0 }

  /// Keys that say what a result records, and how long the run is, which is the axis of rounds.
  private static let unmerged = [
    "method", "rounds", "evaluate_every", "record_weights_every", "record_class_counts_every",
    "record_class_confusion",
    "saved_models",
  ]
  /// The label of the only setting.
  static let onlySetting = "all"

  /// Throws `SpecificationError` if there is no run, or two stand in the same place.
  public init(_ runs: [Run]) throws {
    guard !runs.isEmpty else {
      throw SpecificationError("found no result to merge, expected at least one")
    }
    let keys = Self.distinguishingKeys(runs)
    func method(_ run: Run) -> Entry {
      Entry(run.method, run.values(of: keys.own.filter { $0.hasPrefix("methods.\(run.method).") }))
      {
        $0.split(separator: ".").last.map(String.init) ?? $0
      }
    }
    func setting(_ run: Run) -> Entry {
      Entry(keys.common.isEmpty ? Self.onlySetting : "", run.values(of: keys.common)) { $0 }
    }
    let order = MethodRegistry.names
    func rank(_ entry: Entry) -> (Int, String) {
      (order.firstIndex(of: entry.name) ?? order.count, entry.name)
    }
    methods = Self.distinct(runs.map(method)) {
      $0.name == $1.name ? $0.valuesPrecede($1) : rank($0) < rank($1)
    }
    settings = Self.distinct(runs.map(setting)) { $0.valuesPrecede($1) }
    settingKeys = keys.common
    seeds = Set(runs.map(\.seed)).sorted()
    var places: [Place: Run] = [:]
    for run in runs {
      guard let method = methods.firstIndex(of: method(run)),
        let seed = seeds.firstIndex(of: run.seed),
        let setting = settings.firstIndex(of: setting(run))
      else { continue }
      let place = Place(method: method, seed: seed, setting: setting)
      if let other = places[place] { throw Self.duplicate(other, run) }
      places[place] = run
    }
    self.runs = places
  }

  /// The keys that distinguish settings, and those that distinguish variants of one method, in ascending order.
  private static func distinguishingKeys(_ runs: [Run]) -> (common: [String], own: [String]) {
    // A key that one run has and another has not distinguishes them too, such as `partition.client_classes`.
    func differ(_ key: String, _ runs: [Run]) -> Bool {
      Set(runs.map { $0.identity[key] }).count > 1
    }
    let methods = Dictionary(grouping: runs, by: \.method).values
    let areOwn = runs.allSatisfy { $0.identity["partition.seed"] == "\($0.seed)" }
    let keys = Set(runs.flatMap(\.identity.keys)).filter { $0 != "partition.seed" || !areOwn }
      .sorted()
    func isOwn(_ key: String) -> Bool { key.hasPrefix("methods.") }
    func isInput(_ key: String) -> Bool {
      key.hasPrefix("dataset.") || key.hasPrefix("partition.") || key == "data"
    }
    // Keys that go with the dataset, such as its default learning rate, need no mention beside it.
    let inputs = keys.filter { isInput($0) && differ($0, runs) }
    let ofOneInput = methods.flatMap { runs in
      Dictionary(grouping: runs) { run in inputs.map { run.identity[$0] } }.values
    }
    return (
      keys.filter { key in
        !isOwn(key)
          && (isInput(key) ? differ(key, runs) : ofOneInput.contains { differ(key, $0) })
      }, keys.filter { key in isOwn(key) && methods.contains { differ(key, $0) } }
    )
  }

  private static func distinct(
    _ entries: [Entry], _ precedes: (Entry, Entry) -> Bool
  ) -> [Entry] {
    entries.reduce(into: [Entry]()) { if !$0.contains($1) { $0.append($1) } }.sorted(by: precedes)
  }

  private static func duplicate(_ first: Run, _ second: Run) -> SpecificationError {
    SpecificationError(
      first.path == second.path
        ? "\(first.path): given twice, expected each result once"
        : "\(first.path) and \(second.path): two results of \(first.method) with seed \(first.seed) and "
          + "the same settings, expected one; give one of them")
  }
}
