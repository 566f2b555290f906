import Foundation
import Support

extension Claims {
  /// One row a claim or part, all of them.
  public var csv: CSV {
    var csv = CSV(
      ["claim", "part", "statement", "verdict"] + JudgedContrast.csvColumns + ["explanation"])
    for claim in claims {
      csv.append(
        ["\(claim.number)", claim.part, claim.statement, claim.verdict.rawValue]
          + (claim.contrast?.csvFields ?? JudgedContrast.csvColumns.map { _ in "" })
          + [claim.explanation])
    }
    return csv
  }

  /// One row a contrast of claim 1, all of them.
  public var contrastsCSV: CSV { MethodContrast.csv(contrasts) }

  /// The verdicts as a table.
  public var table: ReportTable {
    let shown = shown
    return ReportTable(
      title: heading, header: ["claim", "verdict", "explanation"],
      rows: shown.map { claim in
        [
          claim.part.isEmpty ? "\(claim.number). \(claim.statement)" : claim.part,
          claim.verdict.rawValue, claim.explanation,
        ]
      },
      footers: footers,
      marked: Set(
        shown.indices.filter { shown[$0].part.isEmpty }.flatMap {
          [ReportTable.Place(row: $0, column: 0), ReportTable.Place(row: $0, column: 1)]
        }))
  }

  /// The claims as text with their parts as lists; one line if nothing is conclusive.
  public var markdown: String {
    let escaped = Escaping.markdown
    let title = "# \(escaped(heading))\n"
    if let summary { return title + "\n\(escaped(summary))\n" }
    return title
      + shown.map { claim in
        claim.part.isEmpty
          ? "\n## \(claim.number). \(escaped(claim.statement))\n\n"
            + "**\(claim.verdict.rawValue.capitalisedFirst)**: \(escaped(claim.explanation))\n\n"
          : "- \(escaped(claim.part)): **\(claim.verdict.rawValue)**. "
            + "\(escaped(claim.explanation))\n"
      }.joined()
      + footers.map { "\n\(escaped($0))\n" }.joined()
  }

  /// The section of report.html: each claim with its verdict, its reasons folded; one line if nothing is
  /// conclusive.
  public var html: String {
    let escaped = Escaping.html
    func verdict(_ claim: Claim) -> String {
      let name = claim.verdict.rawValue
      return
        "<span class=\"verdict \(name.replacingOccurrences(of: " ", with: "-"))\">\(escaped(name))</span>"
    }
    func item(_ claim: Claim) -> String {
      let parts = shown.filter { $0.number == claim.number && !$0.part.isEmpty }.map { part in
        "<li><p><b>\(escaped(part.part))</b> \(verdict(part))</p><p>\(escaped(part.explanation))</p></li>"
      }
      return """
        <li><details><summary><b>\(claim.number). \(escaped(claim.statement))</b> \(verdict(claim))</summary>
        <p>\(escaped(claim.explanation))</p>
        \(parts.isEmpty ? "" : "<ul>\(parts.joined(separator: "\n"))</ul>")</details></li>
        """
    }
    let whole = shown.filter { $0.part.isEmpty }
    let text =
      summary.map { "<p>\(escaped($0))</p>" }
      ?? "<ul class=\"claims\">\n\(whole.map(item).joined(separator: "\n"))\n</ul>\n"
      + "<details><summary>How claims are judged</summary>\n"
      + footers.map { "<p class=\"note\">\(escaped($0))</p>" }.joined(separator: "\n")
      + "</details>"
    return """
      <section id="claims">
      <h2>\(escaped(heading))</h2>
      \(text)
      <p class="note">Files: <a href="claims.csv">claims.csv</a>, \
      <a href="contrasts.csv">contrasts.csv</a></p>
      </section>
      """
  }

  /// Writes `claims.csv`, `contrasts.csv` and `claims.md` into the folder, which must exist. Throws if
  /// that fails.
  public func write(to folder: String) throws -> ReportSection {
    try csv.write(to: "\(folder)/claims.csv")
    try contrastsCSV.write(to: "\(folder)/contrasts.csv")
    try TextFile.write(markdown, to: "\(folder)/claims.md")
    return ReportSection(
      name: "claims", title: heading, tables: summary == nil ? [table] : [],
      files: ["claims.csv", "contrasts.csv", "claims.md"], notes: summary.map { [$0] } ?? [])
  }
}
