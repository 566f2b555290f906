import Experiments
import FederatedLearning
import Foundation
import Reports
import TestSupport

/// Sweeps of results made by hand.
package enum SweepFixtures {
  /// A plan and its cells; `result` gives a cell's result, or nil if it is missing.
  package static func sweep(
    _ name: String, axes: [(name: String, labels: [String])], isSynthetic: Bool = false,
    result: ([String: String]) -> RunResult?
  ) throws -> SweepResults {
    var places: [[String: String]] = [[:]]
    for axis in axes {
      places = places.flatMap { place in
        axis.labels.map { place.merging([axis.name: $0]) { $1 } }
      }
    }
    let plan: [String: Any] = [
      "name": name, "title": "A sweep", "report": "any", "profile": "quick",
      "summary": "by hand", "isSynthetic": isSynthetic,
      "axes": axes.map { ["name": $0.name, "labels": $0.labels] as [String: Any] },
      "cells": places.enumerated().map {
        ["name": "cell\($0)", "coordinates": $1] as [String: Any]
      },
    ]
    return SweepResults(
      plan: try JSONDecoder().decode(
        SweepPlan.Record.self, from: JSONSerialization.data(withJSONObject: plan)),
      cells: places.map { .init(coordinates: $0, result: result($0)) })
  }

  package static func run(
    _ record: RunRecord, method: String = "pfedla", reported: EvaluatedModel = .received,
    dataset: String = "cifar10", seed: Int = 0, layers: [String]
  ) -> RunResult {
    let counts = [Int32](repeating: 1, count: record.clientCount)
    return RunResult(
      method: method, methodTitle: MethodRegistry.method(named: method)?.information.title,
      reported: reported, dataset: dataset, seed: UInt64(seed), layers: layers,
      trainCounts: counts, testCounts: counts, labelCounts: counts.map { [$0] }, record: record)
  }

  /// A record with weights after the given rounds.
  package static func record(
    rounds: Int, clients: Int, layers: Int, recorded: [Int],
    weight: (_ round: Int, _ client: Int, _ layer: Int, _ source: Int) -> Float
  ) -> RunRecord {
    var record = RunRecord(roundCount: rounds, clientCount: clients, layerCount: layers)
    record.recordedRounds = recorded.map(Int32.init)
    for round in recorded {
      for client in 0..<clients {
        for layer in 0..<layers {
          record.weights += (0..<clients).map { weight(round, client, layer, $0) }
        }
      }
    }
    return record
  }

  /// The paper's numbers, of the given files.
  package static func paper(_ files: [String: String] = [:], in folder: TemporaryFolder) throws
    -> PaperNumbers
  {
    let paper = folder.file("paper")
    try FileManager.default.createDirectory(at: paper, withIntermediateDirectories: true)
    for (name, text) in files {
      try Data(text.utf8).write(to: paper.appendingPathComponent(name))
    }
    return PaperNumbers(folder: paper.path)
  }

  /// A CSV file's rows by column; there are no quotes in it.
  package static func rows(_ path: String) throws -> [[String: String]] {
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    guard let header = lines.first else { return [] }
    return lines.dropFirst().map { line in
      Dictionary(zip(header, line), uniquingKeysWith: { first, _ in first })
    }
  }
}
