import Experiments
import Foundation

/// The four claims of the paper, checked one by one against all sweeps that there are.
///
/// The unit of every test is a seed's mean over clients; `Verdict` has the rule. Where runs are missing
/// or the data are synthetic, nothing is concluded.
public struct Claims {
  /// Each claim followed by its parts.
  public let claims: [Claim]
  /// The contrasts of claim 1, column by column.
  public let contrasts: [MethodContrast]
  private let sweeps: [SweepResults]

  /// Judges the sweeps called table1, table2, table3, figure1, figure5 and figure6; others are a
  /// user's own and no claim of the paper.
  public init(_ sweeps: [SweepResults], paper: PaperNumbers) {
    let best = BestMethodClaim(sweeps, paper: paper)
    contrasts = best.contrasts
    claims =
      best.claims + SimilarClientsClaim(sweeps, paper: paper).claims
      + RetainedLayersClaim(sweeps).claims + LayerwiseClaim(sweeps).claims
    self.sweeps = sweeps.filter { Self.names.contains($0.plan.name) }
  }

  /// Whether any of the sweeps is the paper's.
  var isOfPaper: Bool { !sweeps.isEmpty }

  private static let names = [
    "table1", "table2", "table3", "figure1", "figure5", "figure6", "figure7",
  ]

  // MARK: What a reader sees

  /// The title; it says where the paper's training was not run.
  public var heading: String {
    ["The paper's claims", trainingRemark].compactMap { $0 }.joined(separator: ": ")
  }

  /// That the paper's training was not run, or for which sweeps it was not; nil if it was for all.
  var trainingRemark: String? {
    let shorter = sweeps.filter { !$0.plan.hasPaperTraining || $0.atRound != nil }.map(\.plan.name)
    guard shorter.count < sweeps.count else { return "the paper's training was not run" }
    return shorter.isEmpty
      ? nil : "the paper's training was not run for \(shorter.joined(separator: ", "))"
  }

  /// One line that replaces everything if nothing is conclusive; nil if something is.
  public var summary: String? {
    guard claims.allSatisfy({ $0.verdict == .inconclusive }),
      contrasts.allSatisfy({ $0.verdict == .inconclusive })
    else { return nil }
    let judged = claims.compactMap(\.contrast) + contrasts.map(\.judged)
    let isSynthetic = !sweeps.isEmpty && sweeps.allSatisfy(\.isSynthetic)
    let reason =
      isSynthetic
      ? "the data are SYNTHETIC, so no claim is judged" : Claim.inconclusiveReason(judged)
    return "All verdicts are inconclusive: \(reason). The numbers are in claims.csv and "
      + "contrasts.csv."
  }

  /// The claims, without the parts of claims in which nothing is conclusive.
  var shown: [Claim] {
    var conclusive = Set(claims.filter { $0.verdict != .inconclusive }.map(\.number))
    // A column may be open while some of its contrasts are not.
    if contrasts.contains(where: { $0.verdict != .inconclusive }) { conclusive.insert(1) }
    return claims.filter { $0.part.isEmpty || conclusive.contains($0.number) }
  }

  /// What a reader must know: the runs judged, the tests, the words.
  var footers: [String] {
    let facts = sweeps.map { sweep in
      let rounds = Set(sweep.cells.compactMap { $0.result?.record.roundCount }).sorted()
      let text = rounds.map(String.init).joined(separator: " or ")
      return "\(sweep.plan.name): profile \(sweep.plan.profile)"
        + (sweep.plan.overrides.isEmpty
          ? "" : " with --set \(sweep.plan.overrides.joined(separator: " "))")
        + (text.isEmpty ? ", no run finished" : ", \(text) rounds")
    }
    let margin = PairedRuns.smallestAccuracyDifference
    return [
      "Judged on the finished runs: \(facts.isEmpty ? "none" : facts.joined(separator: "; ")).",
      "The unit of every test is one seed's mean over clients; pairs are runs with the same seed and "
        + "partition. Two-sided paired t test and t interval, also Wilcoxon's signed-rank test "
        + "from \(SeedContrast.smallestSignedRankCount) seeds on, effect size Hedges' g (the "
        + "mean over the standard deviation of the differences, corrected for small samples). Holm's "
        + "correction over the contrasts of a column (claim 1) and over the parts of a claim.",
      "Supported or refuted: Holm's p < \(Verdict.significance) and a mean difference that matters, "
        + "at least \(margin) points of accuracy or \(SimilarClientsClaim.smallestDifference) of a "
        + "client's equal weight 1/N. Too close to matter: the interval corrected for the family lies "
        + "within that difference. Inconclusive: anything else, and always with fewer than "
        + "\(Verdict.fewestSeeds) seeds.",
    ]
  }
}

extension SweepPlan.Record {
  /// Whether the profile is the paper's and no `--set` changes how long it trains.
  var hasPaperTraining: Bool {
    profile == "paper"
      && !overrides.contains { override in
        ["rounds", "local_epochs"].contains(override.prefix { $0 != "=" }.description)
      }
  }
}

extension [SweepResults] {
  /// The sweep of that name if it has published data and a finished run; otherwise why it is of no use.
  func usable(_ name: String) -> Result<SweepResults, UnusableSweep> {
    guard let sweep = first(where: { $0.plan.name == name }) else {
      return .failure(UnusableSweep(name: name, reason: "\(Self.title(name)) was not run"))
    }
    guard sweep.cells.contains(where: { $0.result != nil }) else {
      return .failure(UnusableSweep(name: name, reason: "\(Self.title(name)) has no finished run"))
    }
    guard !sweep.isSynthetic else {
      return .failure(
        UnusableSweep(
          name: name, reason: "\(Self.title(name)) has SYNTHETIC data, so no claim is judged"))
    }
    return .success(sweep)
  }

  /// A sweep's name as the paper writes it: `Table 2` for `table2`.
  private static func title(_ name: String) -> String {
    let number = name.drop { !$0.isNumber }
    return "\(name.dropLast(number.count)) \(number)".capitalisedFirst
  }
}

/// Why a sweep says nothing about a claim.
struct UnusableSweep: Error {
  let name: String
  let reason: String
}
