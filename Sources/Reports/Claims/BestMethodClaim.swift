import Experiments

/// Claim 1: pFedLA or HeurpFedLA is best in 14 of the 16 columns of Tables 1 and 2.
///
/// Supported if 14 columns are, refuted if more than two columns are; too close to matter if 14 columns
/// are that or supported; otherwise inconclusive.
struct BestMethodClaim {
  private static let columnCount = 16
  private static let bestCount = 14

  /// The claim, followed by its columns.
  let claims: [Claim]
  /// All contrasts, column by column.
  let contrasts: [MethodContrast]

  init(_ sweeps: [SweepResults], paper: PaperNumbers) {
    var columns: [BestMethodColumn] = []
    var reasons: [String] = []
    for name in ["table1", "table2"] {
      switch sweeps.usable(name) {
      case .failure(let unusable): reasons.append(unusable.reason)
      case .success(let sweep):
        let paperRows = paper.rows("\(name).csv")
        for dataset in sweep.labels("dataset") {
          for clients in sweep.labels("clients") {
            let place = ["dataset": dataset, "clients": clients]
            if sweep.isPlanned(place) {
              columns.append(BestMethodColumn(sweep, place, paperRows))
            }
          }
        }
      }
    }
    contrasts = columns.flatMap(\.contrasts)
    claims = [Self.whole(columns, reasons)] + columns.map(\.claim)
  }

  private static func whole(_ columns: [BestMethodColumn], _ reasons: [String]) -> Claim {
    func count(_ verdict: Verdict) -> Int { columns.count { $0.claim.verdict == verdict } }
    let verdict: Verdict =
      count(.supported) >= bestCount
      ? .supported
      : count(.refuted) > columnCount - bestCount
        ? .refuted
        : count(.supported) + count(.tooCloseToMatter) >= bestCount
          ? .tooCloseToMatter : .inconclusive
    let compared = columns.filter(\.isCompared)
    var sentences = reasons.map { "\($0.capitalisedFirst)." }
    if compared.isEmpty {
      sentences.append("No column can be compared.")
    } else {
      let seeds = columns.flatMap(\.contrasts).map(\.judged.contrast.count).max() ?? 0
      let words = Verdict.allCases.map { verdict in
        "\(compared.count { $0.claim.verdict == verdict }) \(verdict.rawValue)"
      }
      sentences.append(
        JudgedContrast.shortage(seeds).map { "No column is conclusive: \($0)." }
          ?? "\(compared.count) of \(columnCount) columns can be compared: "
          + words.joined(separator: ", ") + ".")
      let described = compared.compactMap(\.leads)
      sentences.append(
        "Descriptive, not a test: one of the two has the highest mean in "
          + "\(described.count { $0 }) of \(described.count) columns.")
    }
    return Claim(
      number: 1,
      statement: "pFedLA or HeurpFedLA is best in 14 of the 16 columns of Tables 1 and 2",
      verdict: verdict, explanation: sentences.joined(separator: " "))
  }
}
