import Experiments
import FederatedLearning
import Support

/// A column of Table 1 or 2, a dataset and a number of clients: is pFedLA or HeurpFedLA best there?
///
/// The contrasts are fixed before there are results: each of the two against every other method that
/// the paper has in the column (that the plan has, if the paper has no such column). They are one
/// family, whether or not all have been run. The column is
///
/// - supported if one of the two is supported against every other method,
/// - refuted if each of the two is refuted against some other method,
/// - too close to matter if one of the two is either of supported and too close against every other,
/// - inconclusive otherwise; so if another method was not run where it could turn a win, and if one of
///   the two was not run where it could turn a defeat.
struct BestMethodColumn {
  /// Whether one of the two has the highest mean of the methods run; nil if no seed has all of them.
  let leads: Bool?
  /// Whether one of the two was run beside another method.
  var isCompared: Bool { contrasts.contains { $0.judged.contrast.count > 0 } }
  /// The contrasts, pFedLA's first.
  let contrasts: [MethodContrast]
  /// The column's part of the claim.
  let claim: Claim

  init(_ sweep: SweepResults, _ place: [String: String], _ paperRows: [[String: String]]) {
    let (dataset, clients) = (place["dataset"] ?? "", place["clients"] ?? "")
    func runs(_ method: String) -> [RunResult] {
      sweep.runs(place.merging(["method": method]) { $1 })
    }
    let inPaper = paperRows.filter { row in place.allSatisfy { row[$0.key] == $0.value } }
      .compactMap { $0["method"] }
    let planned = sweep.labels("method").filter { method in
      sweep.isPlanned(place.merging(["method": method]) { $1 })
    }
    let others = (inPaper.isEmpty ? planned : inPaper).filter { !SeriesLook.papersOwn.contains($0) }
    let pairs = SeriesLook.papersOwn.flatMap { ours in others.map { (ours, $0) } }
    let judged = JudgedContrast.family(
      pairs.map { PairedRuns(runs($0), runs($1)).contrast() })
    let contrasts = zip(pairs, judged).map { pair, judged in
      MethodContrast(
        table: sweep.plan.name, dataset: dataset, clients: clients, first: pair.0, second: pair.1,
        judged: judged)
    }
    self.contrasts = contrasts
    let means = Means(SeriesLook.papersOwn, others, runs)
    leads = means?.leads
    let seeds = judged.map(\.contrast.count).max() ?? 0
    var sentences = [
      "No seed has a finished run of one of the two and of another method on the same partition."
    ]
    if seeds > 0 {
      sentences =
        JudgedContrast.shortage(seeds).map { ["\($0.capitalisedFirst)."] }
        ?? SeriesLook.papersOwn.map { name in Self.text(name, contrasts.filter { $0.first == name })
        }
      if let means { sentences.append(means.text) }
      let missing = (SeriesLook.papersOwn + others).filter { runs($0).isEmpty }.map { name in
        let diverged = sweep.divergedCount(place.merging(["method": name]) { $1 })
        return MethodRegistry.title(of: name) + (diverged > 0 ? " (diverged)" : "")
      }
      if !missing.isEmpty { sentences.append("Not run: \(missing.joined(separator: ", ")).") }
    }
    claim = Claim(
      number: 1, part: "\(sweep.plan.name), \(dataset), \(clients) clients",
      statement: "pFedLA or HeurpFedLA is best", verdict: Self.verdict(contrasts),
      explanation: sentences.joined(separator: " "))
  }

  private static func verdict(_ contrasts: [MethodContrast]) -> Verdict {
    let verdicts = SeriesLook.papersOwn.map { name in
      contrasts.filter { $0.first == name }.map(\.verdict)
    }
    guard !contrasts.isEmpty else { return .inconclusive }
    if verdicts.contains(where: { $0.allSatisfy { $0 == .supported } }) { return .supported }
    if verdicts.allSatisfy({ $0.contains(.refuted) }) { return .refuted }
    return verdicts.contains { $0.allSatisfy { [.supported, .tooCloseToMatter].contains($0) } }
      ? .tooCloseToMatter : .inconclusive
  }

  /// What became of a method's contrasts, the others by name where it is not all of them.
  private static func text(_ name: String, _ contrasts: [MethodContrast]) -> String {
    let (compared, missing) = (
      contrasts.filter { $0.judged.contrast.count > 0 },
      contrasts.filter { $0.judged.contrast.count == 0 }
    )
    var groups = Verdict.allCases.compactMap { verdict -> String? in
      let found = compared.filter { $0.verdict == verdict }
      guard !found.isEmpty else { return nil }
      if found.count == contrasts.count {
        return "\(verdict.rawValue) against each of \(found.count)"
      }
      let names = found.map {
        "\(MethodRegistry.title(of: $0.second)) (\(CellAccuracy.difference($0.judged.contrast.mean)))"
      }
      return "\(verdict.rawValue) against \(names.joined(separator: ", "))"
    }
    if !missing.isEmpty {
      let names = missing.map { MethodRegistry.title(of: $0.second) }
      groups.append(
        compared.isEmpty
          ? "compared with none" : "not compared with \(names.joined(separator: ", "))")
    }
    return "\(MethodRegistry.title(of: name)): \(groups.joined(separator: "; "))."
  }

  /// The highest means of both sides, over the runs that all methods of the column have in common: a
  /// description, from which nothing is concluded.
  private struct Means {
    let leads: Bool
    let text: String

    init?(_ ours: [String], _ others: [String], _ runs: (String) -> [RunResult]) {
      // Runs of one seed and partition are comparable; take the seeds that every method has.
      func key(_ run: RunResult) -> String { "\(run.seed) \(run.partitionSHA256)" }
      let keys = (ours + others).map { Set(runs($0).map(key)) }.filter { !$0.isEmpty }
      let common = keys.dropFirst().reduce(keys.first ?? []) { $0.intersection($1) }
      func best(_ names: [String]) -> (name: String, mean: Double)? {
        names.compactMap { name -> (name: String, mean: Double)? in
          let runs = runs(name).filter { common.contains(key($0)) }
          return runs.isEmpty ? nil : (name, CellAccuracy(runs).mean)
        }.max { $0.mean < $1.mean }
      }
      guard let first = best(ours), let second = best(others) else { return nil }
      leads = first.mean > second.mean
      text =
        "Highest means (descriptive, over \(JudgedContrast.seeds(common.count))): "
        + "\(MethodRegistry.title(of: first.name)) \(CellAccuracy.number(first.mean)) %, the best other method "
        + "\(MethodRegistry.title(of: second.name)) \(CellAccuracy.number(second.mean)) %."
    }
  }
}
