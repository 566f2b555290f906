import Experiments
import Support

/// The answer of a report in two sentences: which methods have the highest means, and what is concluded.
struct ReportAnswer {
  let sweeps: [SweepResults]
  let sections: [ReportSection]
  let claims: Claims

  /// None if there is nothing to say yet.
  var sentences: [String] {
    [leaders, verdicts].compactMap { $0 }
  }

  /// Who has the highest mean of how many columns, table by table.
  private var leaders: String? {
    let tables = sections.compactMap { section -> String? in
      guard let overview = section.overview else { return nil }
      // A column in which a method is missing has no winner yet.
      let columns = overview.header.indices.compactMap { column -> [String]? in
        let cells = overview.rows.map { (title: $0.title, cell: $0.cells[column]) }
        guard cells.allSatisfy({ $0.cell.isFinished || !$0.cell.isPlanned }) else { return nil }
        let best = cells.filter { $0.cell.values[.reported]?.isBest ?? false }.map(\.title)
        return best.isEmpty ? nil : best
      }
      guard !columns.isEmpty else {
        return "\(Self.short(section.title)): no column is complete yet"
      }
      var counts: [(title: String, count: Int)] = []
      for title in columns.joined() {
        if let place = counts.firstIndex(where: { $0.title == title }) {
          counts[place].count += 1
        } else {
          counts.append((title, 1))
        }
      }
      // By count; equal ones as they come.
      let sorted = counts.enumerated().sorted {
        (-$0.element.count, $0.offset) < (-$1.element.count, $1.offset)
      }.map(\.element)
      let words = sorted.enumerated().map { place, one in
        "\(one.title) in \(one.count)"
          + (place == 0 ? " of \(Counted.words(columns.count, "column"))" : "")
      }
      return "\(Self.short(section.title)): \(words.joined(separator: ", "))"
    }
    return tables.isEmpty ? nil : "Highest mean accuracy. \(tables.joined(separator: "; "))."
  }

  /// `Table 1` of `Table 1: accuracy under non-IID 1`.
  private static func short(_ title: String) -> String {
    String(title.prefix { $0 != ":" })
  }

  private var verdicts: String? {
    guard claims.isOfPaper else { return nil }
    if let summary = claims.summary { return summary }
    let notRun = claims.trainingRemark.map { " T\($0.dropFirst())." } ?? ""
    let whole = claims.claims.filter { $0.part.isEmpty }
    guard whole.contains(where: { $0.verdict != .inconclusive }) else {
      let judged = claims.contrasts.filter { $0.judged.contrast.count > 0 }
      let words = Verdict.allCases.map { verdict in
        "\(judged.count { $0.verdict == verdict }) \(verdict.rawValue)"
      }
      return "None of the paper's four claims is decided; of "
        + "\(Counted.words(judged.count, "difference")) between pFedLA or HeurpFedLA and another method: "
        + "\(words.joined(separator: ", ")).\(notRun)"
    }
    let words = Verdict.allCases.compactMap { verdict in
      let numbers = whole.filter { $0.verdict == verdict }.map { "\($0.number)" }
      return numbers.isEmpty
        ? nil
        : "\(verdict.rawValue): \(numbers.count == 1 ? "claim" : "claims") \(numbers.joined(separator: ", "))"
    }
    return "The paper's four claims: \(words.joined(separator: "; ")).\(notRun)"
  }
}
