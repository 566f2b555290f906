import Experiments
import Foundation
import Support

/// A result file as tidy CSV files: one observation per row.
public struct ResultExport {
  private let result: RunResult

  /// Exports that result.
  public init(_ result: RunResult) { self.result = result }

  /// What every row begins with, so that files of several results can be put together.
  private static let keyColumns = ["method", "dataset", "scheme", "clients", "seed"]
  private var keys: [String] {
    [
      result.method, result.dataset, result.partitionScheme, "\(result.record.clientCount)",
      "\(result.seed)",
    ]
  }

  /// Writes `rounds.csv`, `clients.csv`, `spread.csv` and, where the method has them, `aggregation_weights.csv`
  /// and `aggregation_summary.csv`, `class_counts.csv` and `class_confusion.csv` if such counts were recorded, and
  /// `new_clients.csv` if clients joined after training, into the folder, which is made if it is missing. Throws if that
  /// fails.
  /// - Returns: the names of the files written.
  public func write(to folder: String) throws -> [String] {
    try makeFolder(folder)
    var files = [("rounds.csv", rounds), ("clients.csv", clients), ("spread.csv", spread)]
    if !result.record.recordedRounds.isEmpty {
      files.append(("aggregation_weights.csv", aggregationWeights))
      files.append(
        ("aggregation_summary.csv", AggregationSummary(result).csv(Self.keyColumns, keys)))
    }
    if !result.record.classCountRounds.isEmpty {
      files.append(("class_counts.csv", classCounts))
    }
    if let confusion = result.record.confusion {
      files.append(("class_confusion.csv", csv(of: confusion)))
    }
    if let newClients = result.newClients {
      files.append(("new_clients.csv", csv(of: newClients)))
    }
    for (name, csv) in files { try csv.write(to: "\(folder)/\(name)") }
    return files.map(\.0)
  }

  /// Means and standard deviations over clients for each round; of losses those of the clients whose loss is
  /// finite. `diverged_clients` counts those that have diverged up to the round.
  var rounds: CSV {
    let record = result.record
    let matrices = RunRecord.matrices
    // Only of runs that measured it.
    let common = RunRecord.commonTest.filter { record[keyPath: $0.key].contains { !$0.isNaN } }
    var csv = CSV(
      Self.keyColumns + ["round"] + matrices.flatMap { ["\($0.name)_mean", "\($0.name)_sd"] }
        + ["participants", "diverged_clients", "uplink_bytes", "downlink_bytes"]
        + common.map(\.name))
    for round in 1...max(record.roundCount, 1) where round <= record.roundCount {
      let row = record.places(ofRound: round)
      let statistics = matrices.flatMap { matrix in
        // Only participants have a training loss, and one infinite loss would be the mean of all.
        let values = record[keyPath: matrix.key][row].filter(\.isFinite).map(Double.init)
        return [CSV.number(values.mean), CSV.number(values.standardDeviation)]
      }
      csv.append(
        keys + ["\(round)"] + statistics + [
          "\(record.participated[row].count { $0 })",
          "\(record.divergedRounds.count { $0 > 0 && $0 <= round })",
          CSV.number(record.uplinkBytes[round - 1]),
          CSV.number(record.downlinkBytes[round - 1]),
        ] + common.map { CSV.number(record[keyPath: $0.key][round - 1]) })
    }
    return csv
  }

  /// How accuracies differ between clients, for each evaluated round and model; `balanced_mean`, the mean of the clients'
  /// accuracies with each class counting the same, where counts of classes were recorded.
  var spread: CSV {
    let record = result.record
    var csv = CSV(
      Self.keyColumns + [
        "round", "model", "evaluated_clients", "mean", "sd", "weighted_mean", "worst",
        "worst_tenth", "best_tenth", "balanced_mean",
      ])
    for round in record.evaluatedRounds {
      for (model, matrix, counts) in [
        ("received", record.testAccuracyReceived, record.correctReceived),
        ("trained", record.testAccuracyTrained, record.correctTrained),
      ] {
        let spread = AccuracySpread(
          matrix[record.places(ofRound: round)].map(Double.init),
          testCounts: result.testCounts.map(Double.init))
        let recorded = record.classCountRounds.firstIndex { Int($0) == round }
        let balanced = recorded.map { balancedAccuracies($0, counts).filter { !$0.isNaN }.mean }
        let values = [
          spread.mean, spread.standardDeviation, spread.weightedMean, spread.worst,
          spread.worstTenth, spread.bestTenth, balanced ?? .nan,
        ]
        let fields = values.map { (value: Double) in CSV.number(value) }
        csv.append(keys + ["\(round)", model, "\(spread.clients)"] + fields)
      }
    }
    return csv
  }

  /// Each client's balanced accuracy in a recorded round, axis (client).
  private func balancedAccuracies(_ recorded: Int, _ correct: [Int32]) -> [Double] {
    let (clients, classes) = (result.record.clientCount, result.record.classCount)
    return (0..<clients).map { client in
      let start = (recorded * clients + client) * classes
      return AccuracySpread.balanced(
        correct: correct[start..<start + classes],
        counts: result.testClassCounts[client * classes..<(client + 1) * classes])
    }
  }

  /// Every client in every round that was evaluated or that it took part in. The two balanced accuracies are empty
  /// in rounds whose classes were not counted, and missing if none was.
  var clients: CSV {
    let record = result.record
    let matrices = RunRecord.matrices
    var csv = CSV(
      Self.keyColumns + [
        "round", "client", "train_count", "test_count", "participated", "diverged",
      ] + matrices.map(\.name) + RunRecord.countMatrices.map(\.name)
        + (record.classCountRounds.isEmpty
          ? [] : ["balanced_accuracy_received", "balanced_accuracy_trained"]))
    for round in 1...max(record.roundCount, 1) where round <= record.roundCount {
      let recorded = record.classCountRounds.firstIndex { Int($0) == round }
      let balanced = [record.correctReceived, record.correctTrained].map { correct in
        recorded.map { balancedAccuracies($0, correct) }
      }
      for client in 0..<record.clientCount {
        let place = record.place(round: round, client: client)
        let values = matrices.map { CSV.number(record[keyPath: $0.key][place]) }
        // A participant whose loss is not a number still took part.
        guard record.participated[place] || values.contains(where: { !$0.isEmpty }) else {
          continue
        }
        let diverged = record.divergedRounds[client]
        csv.append(
          keys + [
            "\(round)", "\(client)", "\(result.trainCounts[client])",
            "\(result.testCounts[client])", record.participated[place] ? "1" : "0",
            diverged > 0 && diverged <= round ? "1" : "0",
          ] + values + RunRecord.countMatrices.map { "\(record[keyPath: $0.key][place])" }
            + (record.classCountRounds.isEmpty
              ? [] : balanced.map { CSV.number($0?[client] ?? .nan) }))
      }
    }
    return csv
  }

  /// Every recorded weight: how much of the source client's layer is in the client's.
  var aggregationWeights: CSV {
    let view = WeightView(result)
    let hasRetained = view?.hasRetained ?? false
    var csv = CSV(
      Self.keyColumns + ["round", "client", "layer", "source_client", "weight"]
        + (hasRetained ? ["retained"] : []))
    guard let view else { return csv }
    for (position, round) in view.rounds.enumerated() {
      for client in 0..<view.clientCount {
        for (layer, name) in view.layers.enumerated() {
          let isRetained = view.isRetained(position: position, client: client, layer: layer)
          for source in 0..<view.clientCount {
            let weight = view.recordedWeight(
              position: position, client: client, layer: layer, source: source)
            csv.append(
              keys + ["\(round)", "\(client)", name, "\(source)", CSV.number(weight)]
                + (hasRetained ? [isRetained ? "1" : "0"] : []))
          }
        }
      }
    }
    return csv
  }

  /// The matrices of new clients, a row for each joining round and client.
  private func csv(of record: NewClientRecord) -> CSV {
    var csv = CSV(Self.keyColumns + ["joining_round", "client"] + NewClientRecord.names)
    var place = 0
    for round in record.rounds {
      for client in record.clients {
        let values = NewClientRecord.names.map { CSV.number(record.matrices[$0]?[place] ?? .nan) }
        csv.append(keys + ["\(round)", "\(client)"] + values)
        place += 1
      }
    }
    return csv
  }

  /// Correct test samples of each client and class, with how many there are.
  var classCounts: CSV {
    let (record, classes) = (result.record, result.record.classCount)
    var csv = CSV(
      Self.keyColumns + [
        "round", "client", "class", "test_count", "correct_received", "correct_trained",
      ])
    var place = 0
    for round in record.classCountRounds {
      for client in 0..<record.clientCount {
        for label in 0..<classes {
          csv.append(
            keys + [
              "\(round)", "\(client)", result.classNames[label],
              "\(result.testClassCounts[client * classes + label])",
              Self.count(record.correctReceived[place]), Self.count(record.correctTrained[place]),
            ])
          place += 1
        }
      }
    }
    return csv
  }

  /// Which classes the test samples of each client and class were taken for: the counts that are above 0 under at least
  /// one model.
  private func csv(of confusion: ClassConfusion) -> CSV {
    var csv = CSV(
      Self.keyColumns + [
        "round", "client", "class", "predicted_class", "count_received", "count_trained",
      ])
    for entry in confusion.entries {
      csv.append(
        keys + [
          "\(result.record.classCountRounds[entry.recorded])", "\(entry.client)",
          result.classNames[entry.label], result.classNames[entry.predicted], "\(entry.received)",
          "\(entry.trained)",
        ])
    }
    return csv
  }

  /// A count; empty where the client was not evaluated.
  private static func count(_ value: Int32) -> String { value < 0 ? "" : "\(value)" }
}
