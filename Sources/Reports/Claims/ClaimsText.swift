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

  /// The section of report.html; one line if nothing is conclusive.
  public var html: String {
    let escaped = Escaping.html
    func item(_ claim: Claim) -> String {
      let title = claim.part.isEmpty ? "\(claim.number). \(claim.statement)" : claim.part
      return """
        <li\(claim.part.isEmpty ? "" : " class=\"part\"")><p><b>\(escaped(title))</b> \
        <span class="verdict \(claim.verdict.rawValue.replacingOccurrences(of: " ", with: "-"))">\
        \(escaped(claim.verdict.rawValue))</span></p>
        <p>\(escaped(claim.explanation))</p></li>
        """
    }
    let text =
      summary.map { "<p>\(escaped($0))</p>" }
      ?? "<ul class=\"claims\">\n\(shown.map(item).joined(separator: "\n"))\n</ul>\n"
      + footers.map { "<p class=\"note\">\(escaped($0))</p>" }.joined(separator: "\n")
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
