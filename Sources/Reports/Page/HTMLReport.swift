import Experiments
import Foundation
import Support

/// `report.html`: everything of an output folder on one page without a network or a script, light and dark, on
/// a phone and on paper. First the answer and the tables, then the contrasts, the figures, the claims and how it
/// was made.
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

  private var title: String {
    if claims.isOfPaper { return "pFedLA: the paper's tables and figures, reproduced" }
    return sections.map(\.title).joined(separator: "; ")
  }

  private func page() throws -> String {
    let first = PageFirstScreen(sweeps: sweeps, sections: sections, claims: claims)
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(escaped(title))</title>
      <style>\(PageStyle.text)</style>
      </head>
      <body>
      <header>
      <h1>\(escaped(title))</h1>
      \(claims.isOfPaper ? Self.citation : "")
      \(first.html)
      </header>
      \(contents)
      <main>
      \(try contrasts())
      \(try sections.map(section).joined(separator: "\n"))
      \(claims.isOfPaper ? claims.html : "")
      \(PageProvenance(sweeps).html)
      </main>
      </body>
      </html>

      """
  }

  private static let citation = """
    <p class="note">Ma, Zhang, Guo, Xu: <cite>Layer-wised Model Aggregation for Personalized Federated \
    Learning</cite>, CVPR 2022, \
    <a href="https://doi.org/10.1109/CVPR52688.2022.00985">DOI 10.1109/CVPR52688.2022.00985</a></p>
    """

  private var contents: String {
    let links =
      (hasContrasts ? [("contrasts", "Differences to each method")] : [])
      + sections.map { ($0.name, $0.title) }
      + (claims.isOfPaper ? [("claims", "The paper's claims")] : [])
      + [("how", "How it was made")]
    return "<nav aria-label=\"Contents\"><ul>\n"
      + links.map { "<li><a href=\"#\(escaped($0))\">\(escaped($1))</a></li>" }
      .joined(separator: "\n") + "\n</ul></nav>"
  }

  private var hasContrasts: Bool { sections.flatMap(\.pictures).contains(where: \.isContrast) }

  /// The forest plots of all sweeps.
  private func contrasts() throws -> String {
    guard hasContrasts else { return "" }
    let figures = try sections.flatMap { section in
      try section.pictures.filter(\.isContrast).map { picture in
        "<h3>\(escaped(section.title))</h3>\n" + (try figure(picture, in: section.name))
      }
    }
    return """
      <section id="contrasts">
      <h2>Differences to each method</h2>
      \(figures.joined(separator: "\n"))
      </section>
      """
  }

  private func section(_ section: ReportSection) throws -> String {
    let notes = section.notes.map { "<p class=\"note\">\(escaped($0))</p>" }.joined(separator: "\n")
    let problems = section.problems.map { "<p class=\"warning\">\(escaped($0))</p>" }
      .joined(separator: "\n")
    let tables = section.tables.map { table in
      section.overview == nil
        ? (section.tables.count > 1 ? "<h3>\(escaped(table.title))</h3>\n" : "") + table.html
          // Its numbers are on the first screen already.
        : "<details><summary>Table: \(escaped(table.title))</summary>\n\(table.html)</details>"
    }.joined(separator: "\n")
    let pictures = try section.pictures.filter { !$0.isContrast }
      .map { try figure($0, in: section.name) }.joined(separator: "\n")
    let files = section.files.map {
      "<a href=\"\(escaped(section.name))/\(escaped($0))\">\(escaped($0))</a>"
    }
    return """
      <section id="\(escaped(section.name))">
      <h2>\(escaped(section.title))</h2>
      \(problems)
      \(section.overview == nil ? tables : "")
      \(pictures)
      \(section.overview == nil ? "" : tables)
      \(notes)
      \(files.isEmpty ? "" : "<p class=\"note\">Files: \(files.joined(separator: ", "))</p>")
      </section>
      """
  }

  /// A picture inside the page. As a separate image, its identifiers cannot clash with another's.
  private func figure(_ picture: ReportSection.Picture, in folder: String) throws -> String {
    func data(_ ending: String) throws -> String {
      let url = URL(fileURLWithPath: "\(output)/\(folder)/\(picture.name)\(ending)")
      return "data:image/svg+xml;base64," + (try Data(contentsOf: url).base64EncodedString())
    }
    let files = ["svg", "pdf", "png"].map { ending in
      "<a href=\"\(escaped(folder))/\(escaped(picture.name)).\(ending)\">\(ending.uppercased())</a>"
    }
    return """
      <figure>
      <picture><source media="(max-width: 49.5rem)" srcset="\(try data(PanelPicture.narrowEnding))">
      <img src="\(try data(".svg"))" alt="\(escaped(picture.caption))"></picture>
      <figcaption>\(escaped(picture.caption)) \(files.joined(separator: ", "))</figcaption>
      </figure>
      """
  }

  private func escaped(_ text: String) -> String { Escaping.html(text) }
}
