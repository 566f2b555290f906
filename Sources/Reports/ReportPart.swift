import Experiments
import Support

/// A table or figure: what one source file makes of a sweep's results. To add one, write a type that
/// conforms in a file of its own and name it in `ReportRegistry`.
public protocol ReportPart: Sendable {
  /// The table or figure of a sweep's results beside the paper's numbers.
  init(_ results: SweepResults, paper: PaperNumbers)

  /// Writes its files into the sweep's folder, which `Report` has made. What there are no results for is
  /// left out, and a note says so. Throws `FileError` or `SpecificationError` if a file cannot be
  /// written or a picture not be drawn.
  /// - Returns: what it adds to the sweep's section of `report.html`.
  func write(to folder: String) throws -> ReportSection
}
