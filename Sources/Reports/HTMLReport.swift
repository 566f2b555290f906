import Experiments
import Foundation
import Support

/// `report.html`: everything of an output folder on one page without a network, light and dark, on a
/// phone and on paper.
struct HTMLReport {
  private let output: String
  private let sweeps: [SweepResults]
  private let sections: [ReportSection]
  private let claims: Claims

  init(output: String, sweeps: [SweepResults], sections: [ReportSection], claims: Claims) {
    self.output = output
    self.sweeps = sweeps
    self.sections = sections
    self.claims = claims
  }

  /// Writes the page. Throws if a picture cannot be read or the page not be written.
  func write() throws {
    try TextFile.write(page(), to: "\(output)/report.html")
  }

  private func page() throws -> String {
    let finished = sweeps.flatMap(\.cells).count { $0.result != nil }
    let planned = sweeps.flatMap(\.cells).count
    let unusable = sweeps.flatMap(\.cells).count { $0.problem != nil }
    let results = sweeps.flatMap(\.cells).compactMap(\.result)
    let synthetic = sweeps.contains(where: \.isSynthetic)
    let unverified = results.contains { $0.origin == .unverified }
    let numerics = Set(results.map(\.numericsVersion)).sorted().map(String.init)
    let profiles = Set(sweeps.map { "\($0.plan.profile): \($0.plan.summary)" }).sorted()
    let versions = Set(sweeps.flatMap(\.cells).compactMap { $0.result?.codeVersion }).sorted()
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>pFedLA: the paper's tables and figures, reproduced</title>
      <style>\(Self.style)</style>
      </head>
      <body>
      <header>
      <h1>pFedLA: the paper's tables and figures, reproduced</h1>
      <p>Ma, Zhang, Guo, Xu: <cite>Layer-wised Model Aggregation for Personalized Federated Learning</cite>, \
      CVPR 2022, <a href="https://doi.org/10.1109/CVPR52688.2022.00985">DOI 10.1109/CVPR52688.2022.00985</a></p>
      \(synthetic
        ? "<p class=\"warning\">SYNTHETIC data: this page shows that the program works, not how good a method is.</p>"
        : "")\(unverified
        ? "<p class=\"warning\">UNVERIFIED data: the digests of some files are not the published ones, or none is known.</p>"
        : "")
      <dl>
      <dt>profile</dt><dd>\(profiles.map(escaped).joined(separator: "<br>"))</dd>
      <dt>runs</dt><dd>\(finished) of \(planned) finished\
      \(finished < planned ? "; missing runs are left empty" : "")\
      \(unusable > 0 ? "; \(unusable) cannot be used, see below" : "")</dd>
      <dt>code</dt><dd>\(versions.isEmpty ? "none yet" : versions.map(escaped).joined(separator: ", "))\
      \(numerics.isEmpty ? "" : "; numerics version \(numerics.joined(separator: ", "))")</dd>
      </dl>
      </header>
      <nav aria-label="Contents"><ul>
      <li><a href="#claims">The paper's claims</a></li>
      \(sections.map { "<li><a href=\"#\(escaped($0.name))\">\(escaped($0.title))</a></li>" }
        .joined(separator: "\n"))
      </ul></nav>
      <main>
      \(claims.html)
      \(try sections.map(section).joined(separator: "\n"))
      </main>
      </body>
      </html>

      """
  }

  private func section(_ section: ReportSection) throws -> String {
    let notes = section.notes.map { "<p class=\"note\">\(escaped($0))</p>" }.joined(separator: "\n")
    let problems = section.problems.map { "<p class=\"warning\">\(escaped($0))</p>" }
      .joined(separator: "\n")
    let tables = section.tables.map { table in
      (section.tables.count > 1 ? "<h3>\(escaped(table.title))</h3>\n" : "") + table.html
    }.joined(separator: "\n")
    let pictures = try section.pictures.map { try figure($0, in: section.name) }
      .joined(separator: "\n")
    let files = section.files.map {
      "<a href=\"\(escaped(section.name))/\(escaped($0))\">\(escaped($0))</a>"
    }
    return """
      <section id="\(section.name)">
      <h2>\(escaped(section.title))</h2>
      \(problems)
      \(tables)
      \(pictures)
      \(notes)
      \(files.isEmpty ? "" : "<p class=\"note\">Files: \(files.joined(separator: ", "))</p>")
      </section>
      """
  }

  /// A picture inside the page. As a separate image, its identifiers cannot clash with another's.
  private func figure(_ picture: ReportSection.Picture, in folder: String) throws -> String {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(output)/\(folder)/\(picture.file)"))
    return """
      <figure>
      <img src="data:image/svg+xml;base64,\(data.base64EncodedString())" alt="\(escaped(picture.caption))">
      <figcaption>\(escaped(picture.caption))</figcaption>
      </figure>
      """
  }

  private func escaped(_ text: String) -> String { Escaping.html(text) }

  private static let style = """
    :root { color-scheme: light dark; --ink: #1c1e21; --paper: #ffffff; --faint: #5f6670; --line: #d9dce1;
      --stripe: #f5f6f8; --accent: #0b5cad; --best: #e3f1e6; --warning: #8a4b00; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #16181b; --faint: #a3abb5;
      --line: #343a41; --stripe: #1e2125; --accent: #7db7f5; --best: #1f3a27; --warning: #f0b35f; } }
    * { box-sizing: border-box; }
    body { margin: 0 auto; padding: 1rem; max-width: 72rem; color: var(--ink); background: var(--paper);
      font: 16px/1.5 system-ui, sans-serif; }
    h1 { font-size: 1.5rem; line-height: 1.25; margin: 0.5rem 0; }
    h2 { font-size: 1.2rem; margin: 2.5rem 0 0.75rem; padding-top: 0.75rem; border-top: 1px solid var(--line); }
    h3 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
    a { color: var(--accent); }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1rem; margin: 1rem 0; }
    dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
    nav ul { list-style: none; padding: 0; margin: 1rem 0; display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; }
    .table { overflow-x: auto; -webkit-overflow-scrolling: touch; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
    th, td { padding: 0.3rem 0.7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
    th:first-child { text-align: left; position: sticky; left: 0; background: var(--paper); }
    td.text, th.text { text-align: left; white-space: normal; min-width: 14rem; vertical-align: top; }
    thead th { border-bottom: 2px solid var(--line); }
    tbody tr:nth-child(even) > * { background: var(--stripe); }
    td strong { background: var(--best); padding: 0.05rem 0.25rem; border-radius: 3px; }
    .claims { list-style: none; padding: 0; } .claims li { margin: 0 0 1rem; max-width: 60rem; }
    .claims .part { margin-left: 1.25rem; font-size: 0.9rem; } .claims p { margin: 0.15rem 0; }
    .verdict { border: 1px solid var(--line); border-radius: 1rem; padding: 0 0.6rem; font-size: 0.875rem;
      white-space: nowrap; }
    .verdict.supported { background: var(--best); } .verdict.refuted { color: var(--warning); }
    figure { margin: 1.25rem 0; }
    figure img { max-width: 100%; height: auto; background: #ffffff; border-radius: 6px; display: block; }
    figcaption, .note { color: var(--faint); font-size: 0.875rem; max-width: 60rem; }
    .warning { color: var(--warning); font-weight: 600; }
    @media print { nav { display: none; } section { break-inside: avoid; } }
    """
}
