import Experiments
import ExperimentsTestSupport
import Reports
import TestSupport
import Testing

/// The shaded table on the first screen of `report.html`.
@Suite("Accuracy overview")
struct AccuracyOverviewTests {
  /// Local 50 %, pFedLA 61 % received and 12.5 % trained, HeurpFedLA diverged, FedAvg without a run, FedBN not planned
  /// on EMNIST.
  private func html(isSynthetic: Bool = false) throws -> String {
    let folder = try TemporaryFolder()
    let results = try HandMade.sweep(
      "table1",
      [
        ("dataset", ["emnist", "cifar10"]), ("clients", ["10"]),
        ("method", ["local", "fedavg", "fedbn", "pfedla", "heurpfedla"]),
      ], isSynthetic: isSynthetic,
      isPlanned: { $0["dataset"] == "cifar10" || $0["method"] != "fedbn" }
    ) { place in
      let method = place["method"] ?? ""
      guard place["dataset"] == "cifar10", method != "fedavg" else { return nil }
      let accuracy: Float = method == "pfedla" ? 0.61 : 0.5
      return HandMade.run(
        method, [[accuracy, accuracy]], other: method == "local" ? accuracy : 0.125,
        isSynthetic: isSynthetic
      ) { record in
        if method == "heurpfedla" { record.divergedRounds = [0, 1] }
      }
    }
    let section = try AccuracyTable(results, paper: HandMade.paper).write(to: folder.path)
    return try #require(section.overview).html
  }

  /// The cells of a row.
  private func cells(_ html: String, _ method: String) throws -> [Substring] {
    let row = try #require(
      html.split(separator: "<tr>").first { $0.hasPrefix("<th scope=\"row\">\(method)</th>") })
    return row.split(separator: "<td>").dropFirst().map { $0 }
  }

  @Test("a cell has three numbers, each shaded by its difference to the paper and to Local")
  func shades() throws {
    let cell = try cells(html(), "pFedLA")[1]
    // The paper has 61.43; Local 50 here.
    #expect(
      cell.contains(
        "<span class=\"value reported local-above-4\"><strong>61.00</strong> <span class=\"paper\">(61.43)"
      ))
    #expect(cell.contains("<span class=\"value received local-above-4\">"))
    #expect(cell.contains("<span class=\"value trained paper-below-4 local-below-4\">12.50 "))
    // Local has no difference to itself; the paper has 59.44.
    #expect(
      try cells(html(), "Local")[1].contains("<span class=\"value reported paper-below-3\">50.00 "))
  }

  @Test("missing, diverged and unplanned runs")
  func others() throws {
    let html = try html()
    #expect(try cells(html, "HeurpFedLA")[1].contains(">diverged <span"))
    #expect(try cells(html, "FedBN")[0].hasPrefix("<span class=\"value\">–</span>"))
    #expect(try cells(html, "FedAvg")[1].contains("reported\"> <span class=\"paper\">(48.57)"))
  }

  @Test("synthetic data have no numbers of the paper beside them")
  func synthetic() throws {
    let html = try html(isSynthetic: true)
    #expect(!html.contains("class=\"paper\"") && !html.contains("paper-below"))
    #expect(html.contains("local-above-4"))
  }
}
