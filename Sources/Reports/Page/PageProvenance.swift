import Experiments
import Support

/// How a report was made: commands, versions, digests of the data, seconds.
struct PageProvenance {
  private let sweeps: [SweepResults]

  init(_ sweeps: [SweepResults]) { self.sweeps = sweeps }

  /// The section of the page.
  var html: String {
    let results = sweeps.flatMap(\.cells).compactMap(\.result)
    func all(_ texts: [String]) -> String {
      let known = Set(texts).sorted()
      return known.isEmpty ? "none yet" : known.map(Escaping.html).joined(separator: ", ")
    }
    let digests = Set(
      results.map { "\($0.dataset) (\($0.origin.rawValue)): SHA-256 \($0.inputs.datasetSHA256)" })
    return """
      <section id="how">
      <h2>How it was made</h2>
      \(table.html)
      <dl>
      <dt>code version</dt><dd>\(all(results.map(\.codeVersion)))</dd>
      <dt>numerics version</dt><dd>\(all(results.map { "\($0.numericsVersion)" }))</dd>
      <dt>data</dt><dd>\(digests.isEmpty
        ? "none yet" : digests.sorted().map(Escaping.html).joined(separator: "<br>"))</dd>
      </dl>
      </section>
      """
  }

  private var table: ReportTable {
    ReportTable(
      title: "Commands", header: ["sweep", "command", "runs", "computing time"],
      rows: sweeps.map { sweep in
        [
          sweep.plan.name, Self.command(sweep.plan),
          "\(sweep.cells.count { $0.result != nil }) of \(sweep.cells.count)",
          ComputingTime([sweep]).words,
        ]
      },
      footers: ["The computing time of a run that several sweeps share counts for each of them."])
  }

  /// The command that computes all runs of a plan.
  private static func command(_ plan: SweepPlan.Record) -> String {
    let verb =
      ReportRegistry.entry(named: plan.report)?.report.hasGrids ?? false ? "tune" : "reproduce"
    return
      (["pfedla \(verb) \(plan.name) --profile \(plan.profile)"]
      + (plan.overrides.isEmpty ? [] : ["--set \(plan.overrides.joined(separator: " "))"]))
      .joined(separator: " ")
  }
}
