import Datasets
import Experiments
import Foundation

/// What a reader of a table must know about its runs, in sentences.
struct SweepFacts {
  private let results: SweepResults
  private let finished: [(coordinates: [String: String], run: RunResult)]

  init(_ results: SweepResults) {
    self.results = results
    finished = results.cells.compactMap { cell in cell.result.map { (cell.coordinates, $0) } }
  }

  /// Whether any number comes from synthetic images.
  var isSynthetic: Bool { results.isSynthetic }

  /// The sweep's title, marked where its data are not the published ones.
  var title: String { results.markedTitle }

  /// How long was trained and on which seeds, in a line.
  var remark: String {
    guard !finished.isEmpty else { return "No run is finished." }
    return [
      "Test accuracy in percent, mean over clients, at the last evaluation.",
      "\(setting("rounds")) rounds of \(setting("local_epochs")) local epochs; \(seeds)",
    ].joined(separator: " ")
  }

  /// That only some clients were evaluated, where that is so.
  private var evaluated: String {
    // Results older than the key were evaluated on all.
    let counts = text { $0.setting("evaluate_clients") ?? "0" }
    return ["", "0"].contains(counts)
      ? "" : "Evaluated clients: \(counts) (evaluate_clients; 0: all); means are over these."
  }

  /// Scale, data, partition, seeds and code version.
  var footers: [String] {
    let plan = results.plan
    var footers: [String] = []
    if isSynthetic {
      footers.append(
        "SYNTHETIC data: this program made the images. The numbers show that everything "
          + "works; they say nothing about how good a method is and cannot be compared with the "
          + "paper's.")
    }
    footers.append(
      "Profile \(plan.profile)" + (plan.summary.isEmpty ? "" : ": \(plan.summary)") + ".")
    if let round = results.atRound {
      footers.append("Shown at round \(round): the first \(round) rounds of longer runs.")
    }
    guard !finished.isEmpty else { return footers + ["No run is finished."] + unusable }
    footers +=
      [
        "Training: "
          + [
            ("rounds", "rounds"), ("local epochs", "local_epochs"), ("batch size", "batch_size"),
            ("learning rate", "learning_rate"), ("participation", "participation"),
          ].map { "\($0) \(setting($1))" }.joined(separator: "; ") + ".",
        "Data: \(text(explained: false, Self.data)).",
        "Partition: \(text(\.partitionScheme)); \(partitionSettings).",
        seeds, hyperparameters, evaluated,
        "Code version: \(text(\.codeVersion)); numerics version \(text { "\($0.numericsVersion)" }).",
      ].filter { !$0.isEmpty } + warnings
    return footers + unusable
  }

  /// How many cells have a file that is not their result; the report's page says why.
  private var unusable: [String] {
    let count = results.cells.count { $0.problem != nil }
    guard count > 0 else { return [] }
    return [
      "\(count) planned \(count == 1 ? "run has a file" : "runs have files") that cannot be used; "
        + "report.html says why."
    ]
  }

  private var hyperparameters: String {
    results.plan.hyperparameters.map {
      "Hyperparameters: chosen on held-out training data by pfedla tune (\($0)); each run's settings record "
        + "them."
    } ?? ""
  }

  private var seeds: String {
    let seeds = Set(finished.map(\.run.seed)).sorted().map(String.init)
    let missing = results.cells.count - finished.count
    return "\(seeds.count == 1 ? "1 seed" : "\(seeds.count) seeds"): "
      + "\(seeds.joined(separator: ", "))."
      + (missing == 0
        ? ""
        : " \(Counted.words(missing, of: results.cells.count, "planned run")) "
          + "\(missing == 1 ? "is" : "are") not finished.")
  }

  /// Reasons why runs are not directly comparable.
  private var warnings: [String] {
    var warnings: [String] = []
    let diverged = finished.count { $0.run.record.hasDiverged }
    if diverged > 0 {
      warnings.append(
        "\(Counted.words(diverged, of: finished.count, "finished run")) diverged and "
          + "\(diverged == 1 ? "is" : "are") left out of the means.")
    }
    if finished.contains(where: { $0.run.origin == .unverified }) {
      warnings.append(
        "UNVERIFIED data: the digests of some files are not the published ones, or none is known.")
    }
    if Set(finished.map(\.run.numericsVersion)).count > 1 {
      warnings.append(
        "Runs of several numerics versions: their bits differ for reasons other than their settings."
      )
    }
    return warnings
  }

  private static func words(_ origin: DatasetOrigin) -> String {
    switch origin {
    case .published: "published files of"
    case .unverified: "UNVERIFIED files in the format of"
    case .synthetic: "SYNTHETIC images in the format of"
    case .own: "own files of"
    }
  }

  private static func data(_ run: RunResult) -> String {
    let name = run.setting("dataset.name") ?? run.dataset
    let splits = run.setting("dataset.splits") ?? "all"
    let classes = run.setting("dataset.classes") ?? "all"
    return
      "\(words(run.origin)) \(name)"
      + ": " + (splits == "all" ? "all splits" : "splits \(splits)")
      + (classes == "all" ? "" : ", classes \(classes)")
  }

  private var partitionSettings: String {
    var keys: [String] = []
    for key in finished.flatMap({ $0.run.resolvedSpecification.map(\.key) })
    where key.hasPrefix("partition.") && !keys.contains(key)
      && !["scheme", "seed", "sha256"].contains(String(key.dropFirst("partition.".count)))
    {
      keys.append(key)
    }
    return keys.map { key in
      key.dropFirst("partition.".count).replacingOccurrences(of: "_", with: " ")
        + " \(setting(key))"
    }.joined(separator: "; ")
  }

  /// A key's value, or its values with what they depend on.
  private func setting(_ key: String) -> String {
    text { $0.setting(key) ?? "not set" }
  }

  /// A property of the runs: one text if all agree, otherwise each with the labels of the first axis
  /// that decides it, such as `600 (clients 10); 2500 (clients 100)`.
  /// - Parameter explained: whether to give those labels.
  private func text(explained: Bool = true, _ property: (RunResult) -> String) -> String {
    let values = finished.map { property($0.run) }
    let different = values.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    guard different.count > 1 else { return different.first ?? "" }
    guard explained else { return different.joined(separator: "; ") }
    for axis in results.plan.axes where axis.name != "seed" {
      func labels(_ value: String) -> [String] {
        axis.labels.filter { label in
          zip(finished, values).contains { $0.0.coordinates[axis.name] == label && $0.1 == value }
        }
      }
      let all = different.flatMap(labels)
      guard Set(all).count == all.count, !all.isEmpty else { continue }
      return different.map { "\($0) (\(axis.name) \(labels($0).joined(separator: ", ")))" }
        .joined(separator: "; ")
    }
    return different.joined(separator: " or ")
  }
}
