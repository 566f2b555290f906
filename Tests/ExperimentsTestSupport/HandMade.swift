import Experiments
import FederatedLearning
import Foundation
import Reports
import Support

/// Results and sweeps with chosen numbers, without a run.
package enum HandMade {
  /// A run whose evaluations are given.
  /// - Parameters:
  ///   - accuracies: reported model, axes (round, client); nil is a round without evaluation.
  ///   - other: accuracy of the model that is not reported, all clients and evaluations.
  package static func run(
    _ method: String, seed: UInt64 = 0, _ accuracies: [[Float]?], other: Float = 0.125,
    reported: EvaluatedModel = .received, isSynthetic: Bool = false, isUnverified: Bool = false,
    numericsVersion: Int = CodeVersion.numerics, partition: String = "p", path: String = "",
    settings: [(key: String, value: String)] = [], layers: [String] = ["fc1", "fc2"],
    classes: [[Int]]? = nil, change: (inout RunRecord) -> Void = { _ in }
  ) -> RunResult {
    let clients = accuracies.lazy.compactMap { $0 }.first?.count ?? 0
    var record = RunRecord(
      roundCount: accuracies.count, clientCount: clients, layerCount: layers.count)
    for (round, row) in accuracies.enumerated() {
      guard let row else { continue }
      let places = round * clients..<(round + 1) * clients
      let others = [Float](repeating: other, count: clients)
      record.testAccuracyReceived.replaceSubrange(
        places, with: reported == .received ? row : others)
      record.testAccuracyTrained.replaceSubrange(places, with: reported == .trained ? row : others)
    }
    change(&record)
    let counts = (classes ?? Array(repeating: [0], count: clients)).map { held in
      (0..<10).map { Int32(held.contains($0) ? 6 : 0) }
    }
    return RunResult(
      method: method,
      methodTitle: MethodRegistry.method(named: method)?.information.title, reported: reported,
      dataset: "cifar10",
      origin: isSynthetic ? .synthetic : isUnverified ? .unverified : .published,
      partitionSHA256: "\(partition)\(seed)",
      seed: seed,
      numericsVersion: numericsVersion, path: path, layers: layers,
      trainCounts: Array(repeating: 420, count: clients),
      testCounts: Array(repeating: 180, count: clients), labelCounts: counts, record: record,
      resolvedSpecification: settings)
  }

  /// A sweep with all cells of its axes but those left out.
  /// - Parameters:
  ///   - result: the result at a place; nil while it is missing.
  package static func sweep(
    _ name: String, _ axes: [(name: String, labels: [String])], isSynthetic: Bool = false,
    profile: String = "quick", overrides: [String] = [],
    isPlanned: ([String: String]) -> Bool = { _ in true },
    result: ([String: String]) -> RunResult?
  ) throws -> SweepResults {
    let places = axes.reduce([[:]]) { (places: [[String: String]], axis) in
      places.flatMap { place in axis.labels.map { place.merging([axis.name: $0]) { $1 } } }
    }.filter(isPlanned)
    let plan: [String: Any] = [
      "name": name, "title": "\(name): 100 % & more", "report": "accuracy-table",
      "profile": profile, "summary": "a few_rounds", "isSynthetic": isSynthetic,
      "overrides": overrides,
      "axes": axes.map { ["name": $0.name, "labels": $0.labels] as [String: Any] },
      "cells": places.enumerated().map { index, place in
        ["name": "cell\(index)", "coordinates": place] as [String: Any]
      },
    ]
    return SweepResults(
      plan: try JSONDecoder().decode(
        SweepPlan.Record.self, from: JSONSerialization.data(withJSONObject: plan)),
      cells: places.map { SweepResults.Cell(coordinates: $0, result: result($0)) })
  }

  /// The paper's numbers in the repository.
  package static let paper = PaperNumbers(folder: paperFolder)

  /// Their folder.
  package static let paperFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "experiments/paper").path

  /// A folder without any of the paper's numbers.
  package static let noPaper = PaperNumbers(folder: "/nowhere")

  /// The rows of a CSV text by column, quoted fields included.
  package static func rows(_ csv: CSV) -> [[String: String]] {
    let lines = csv.text.split(separator: "\n").map { fields(String($0)) }
    return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
  }

  private static func fields(_ line: String) -> [String] {
    var fields = [""]
    var isQuoted = false
    for character in line {
      switch character {
      case "\"": isQuoted.toggle()
      case "," where !isQuoted: fields.append("")
      default: fields[fields.count - 1].append(character)
      }
    }
    return fields
  }
}
