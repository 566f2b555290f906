import Experiments
import Foundation
import Support

/// All that is made of an output folder of `pfedla reproduce`: for each sweep its tables, CSV files and
/// pictures in the sweep's folder, the paper's claims checked, and `report.html` over everything.
public struct Report {
  /// The output folder.
  public let output: String
  /// Where the report goes: the output folder, or `at-round-N` in it.
  public let destination: String
  /// The sweeps with what there is of them.
  public let sweeps: [SweepResults]
  private let paper: PaperNumbers

  /// Reads an output folder. Throws `SpecificationError` if nothing was planned there. A result file
  /// that cannot be used is left out, and the sweep's `problems` name it.
  /// - Parameters:
  ///   - output: the output folder.
  ///   - paperFolder: the folder with the paper's numbers.
  ///   - atRound: shows every run as it stood after that round, in the folder `at-round-N`; nil takes all
  ///     rounds.
  public init(output: String, paperFolder: String, atRound: Int? = nil) throws {
    let plans = try SweepPlan.records(in: output)
    guard !plans.isEmpty else {
      throw SpecificationError(
        "\(output): contains no plan of pfedla reproduce; expected its --output folder")
    }
    self.output = output
    destination = atRound.map { "\(output)/at-round-\($0)" } ?? output
    paper = PaperNumbers(folder: paperFolder)
    sweeps = plans.map { SweepResults($0, output: output, atRound: atRound) }
  }

  /// The names of the sweeps that choose hyperparameters.
  public var tuningSweeps: [String] {
    sweeps.map(\.plan).filter { plan in
      ReportRegistry.entry(named: plan.report)?.parts.contains { $0 == TuningReport.self } ?? false
    }.map(\.name)
  }

  /// The file of chosen hyperparameters in the folder of such a sweep.
  public static var tunedValuesFile: String { TunedValues.fileName }

  /// The names of those cells whose run is finished and diverged, in their order.
  public func diverged(among cells: [SweepCell]) -> [String] {
    let paths = Set(
      sweeps.flatMap(\.cells).compactMap(\.result).filter(\.record.hasDiverged).map(\.path))
    let folder = CellFolder(output: output)
    return cells.uniqueByName().map(\.name).filter { paths.contains(folder.result(of: $0)) }
  }

  /// What was written.
  public struct Written {
    /// The sections as they are in report.html.
    public let sections: [ReportSection]
    /// The answer in sentences, as on the page; none if there is nothing to say.
    public let answer: [String]

    /// Each sweep's first table and the answer, for a terminal.
    /// - Parameter isBold: whether to write the best in bold, by the terminal's codes.
    public func plainText(isBold: Bool) -> String {
      let tables = sections.compactMap { $0.tables.first?.plainText(isBold: isBold) }
      return (tables + answer.map { Wrapped.lines($0, width: ReportTable.terminalWidth) + "\n" })
        .map { $0 + "\n" }.joined()
    }
  }

  /// Writes everything.
  @discardableResult
  public func write() throws -> Written {
    try makeFolder(destination)
    var sections: [ReportSection] = []
    for sweep in sweeps { sections += [try section(sweep)] }
    let claims = Claims(sweeps, paper: paper)
    if claims.isOfPaper { _ = try claims.write(to: destination) }
    try HTMLReport(output: destination, sweeps: sweeps, sections: sections, claims: claims)
      .write()
    return Written(
      sections: sections,
      answer: ReportAnswer(sweeps: sweeps, sections: sections, claims: claims).sentences)
  }

  /// A sweep's tables and pictures, by its kind of report.
  private func section(_ sweep: SweepResults) throws -> ReportSection {
    let folder = "\(destination)/\(sweep.plan.name)"
    try makeFolder(folder)
    var section = ReportSection(
      name: sweep.plan.name, title: sweep.plan.title, problems: sweep.problems)
    for part in try parts(sweep, folder) {
      section.overview = section.overview ?? part.overview
      section.tables += part.tables
      section.pictures += part.pictures
      section.files += part.files
      section.notes += part.notes.filter { !section.notes.contains($0) }
      section.missingPictures += part.missingPictures
    }
    return section
  }

  private func parts(_ sweep: SweepResults, _ folder: String) throws -> [ReportSection] {
    let name = sweep.plan.report
    guard let entry = ReportRegistry.entry(named: name) else {
      let known = ReportRegistry.reports.map(\.name)
      throw SpecificationError(
        "\(output)/\(sweep.plan.name)/plan.json: report: found \(name), expected one of "
          + known.joined(separator: ", ") + bracketedSuggestion(for: name, among: known))
    }
    return try entry.parts.map { try $0.init(sweep, paper: paper).write(to: folder) }
  }
}
