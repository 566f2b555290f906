import Experiments
import Foundation
import Reports
import TestSupport

/// A small sweep on the fixtures' synthetic images.
package enum SmallSweep {
  package static let text = """
    name: small
    title: A small sweep
    report: accuracy-table
    base:
      dataset: {name: cifar10, splits: [train]}
      partition: {scheme: classes-per-client, clients: 4, classes_per_client: 3, samples_per_client: 20}
      model: {batch_normalisation: false}
      rounds: 3
      participation: 0.5
      local_epochs: 1
      batch_size: 8
      saved_models: none
    axes:
      rate:
        slow: {learning_rate: 0.01}
        fast: {learning_rate: 0.05, rounds: 2, evaluate_every: 2}
      method: [local, fedavg, fedper]
      seed: [0, 1, 2]
    exclude:
      - {rate: fast, method: [local, fedper]}
    profiles:
      few:
        summary: few cells
        axes: {method: [local, fedavg], seed: [1]}
        set: {rounds: 4, momentum: 0.5}
        adjust:
          - {when: {rate: fast}, set: {rounds: 5}}
          - {when: {rate: fast, method: [local]}, set: {rounds: 6}}
      full:
        summary: all cells

    """

  /// A specification as `pfedla run` takes it.
  package static let baseOfSingle = """
    method: fedper
    dataset: {name: cifar10, splits: [train]}
    partition: {scheme: classes-per-client, clients: 4, classes_per_client: 3, samples_per_client: 20}
    model: {batch_normalisation: false}
    rounds: 3
    participation: 0.5
    local_epochs: 1
    batch_size: 8
    learning_rate: 0.01
    saved_models: none
    """

  /// A sweep of one cell, without axes.
  package static let single =
    """
    name: single
    report: accuracy-table
    profiles:
      full:
        summary: the one cell
    base:

    """ + baseOfSingle.split(separator: "\n").map { "  \($0)\n" }.joined()

  package static func sweep(_ text: String = text) throws -> SweepSpecification {
    try sweep(SpecificationDocument(file: "small.yaml", text: text))
  }

  /// A sweep of any file, with the reports of the registry.
  package static func sweep(_ document: SpecificationDocument) throws -> SweepSpecification {
    try SweepSpecification(document, reports: ReportRegistry.reports)
  }

  package static func cells(
    _ profile: String = "full", only: [String: [String]] = [:], seeds: Int? = nil,
    overrides: [String] = [], text: String = text
  ) throws -> [SweepCell] {
    try plan(profile, only: only, seeds: seeds, overrides: overrides, text: text).selected
  }

  /// A plan of the small sweep.
  package static func plan(
    _ profile: String = "full", only: [String: [String]] = [:], seeds: Int? = nil,
    overrides: [String] = [], text: String = text
  ) throws -> SweepPlan {
    var selection = SweepSpecification.Selection(profile: profile)
    selection.only = only
    selection.seeds = seeds
    selection.overrides = overrides
    return try SweepPlan(sweep(text), selection)
  }

  /// A plan of format 1 with one finished cell, Local under seed 0, as a program of that time left it.
  package static func folderOfFormat1(in folder: TemporaryFolder) throws -> SweepPlan {
    let plan = try Self.plan(only: ["method": ["local"], "seed": ["0"]])
    _ = try run(plan.selected, in: folder.path)
    let place = CellFolder(output: folder.path)
    let path = place.result(of: plan.selected[0].name)
    try OldSchema.make(of: path, at: place.result(of: "old0"))
    try FileManager.default.removeItem(atPath: path)
    let file: [String: Any] = [
      "name": "small", "title": "A small sweep", "report": "accuracy-table", "profile": "full",
      "summary": "all cells", "isSynthetic": false,
      "axes": [
        ["name": "rate", "labels": ["slow"]], ["name": "method", "labels": ["local", "fedavg"]],
        ["name": "seed", "labels": ["0"]],
      ],
      "cells": ["local", "fedavg"].enumerated().map { number, method in
        ["name": "old\(number)", "coordinates": ["rate": "slow", "method": method, "seed": "0"]]
          as [String: Any]
      },
    ]
    try FileManager.default.createDirectory(
      at: folder.file("small"), withIntermediateDirectories: true)
    try JSONSerialization.data(withJSONObject: file).write(to: folder.file("small/plan.json"))
    return plan
  }

  /// What a sweep reported, one or two words per event.
  package final class Log {
    package var events: [String] = []
    package var progressCount = 0
    package init() {}
    package func enter(_ event: Sweep.Event) {
      switch event {
      case .begins(_, let number, let count): events.append("begins \(number)/\(count)")
      case .unusable: events.append("unusable")
      case .resumes(let resumption): events.append("resumes after \(resumption.rounds)")
      case .progress: progressCount += 1
      case .diverged: events.append("diverged")
      case .done: events.append("done")
      case .failed: events.append("failed")
      case .taken(_, let holder): events.append("taken by \(holder)")
      case .waiting(let count): events.append("waiting for \(count)")
      }
    }
  }

  /// Does cells in a folder.
  package static func run(
    _ cells: [SweepCell], in output: String, log: Log = Log(),
    shouldStop: () -> Bool = { false }
  ) throws -> Sweep.Outcome {
    try Sweep(
      folder: CellFolder(output: output), datasetsFolder: Fixtures.datasets.get().path,
      workerCount: 2
    ).run(cells, shouldStop: shouldStop, report: log.enter)
  }
}
