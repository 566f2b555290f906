import Experiments
import Support

/// The first screen of `report.html`: what was run, the answer, and the accuracy tables.
struct PageFirstScreen {
  let sweeps: [SweepResults]
  let sections: [ReportSection]
  let claims: Claims

  private var overviews: [AccuracyOverview] { sections.compactMap(\.overview) }

  var html: String {
    let answer = ReportAnswer(sweeps: sweeps, sections: sections, claims: claims).sentences
    return """
      \(warnings)
      \(answer.isEmpty ? "" : "<p class=\"answer\">\(answer.map(Escaping.html).joined(separator: " "))</p>")
      \(facts)
      \(overviews.isEmpty ? "" : Self.switches)
      \(overviews.map(\.html).joined(separator: "\n"))
      """
  }

  private var warnings: String {
    let results = sweeps.flatMap(\.cells).compactMap(\.result)
    return [
      sweeps.contains(where: \.isSynthetic)
        ? "SYNTHETIC data: this page shows that the program works, not how good a method is." : "",
      results.contains { $0.origin == .unverified }
        ? "UNVERIFIED data: the digests of some files are not the published ones, or none is known."
        : "",
    ].filter { !$0.isEmpty }.map { "<p class=\"warning\">\($0)</p>" }.joined(separator: "\n")
  }

  /// Profile, runs and computing time.
  private var facts: String {
    let cells = sweeps.flatMap(\.cells)
    let (finished, unusable) = (
      cells.count { $0.result != nil }, cells.count { $0.problem != nil }
    )
    let profiles = sweeps.reduce(into: [String]()) { profiles, sweep in
      let text = sweep.plan.profile + (sweep.plan.summary.isEmpty ? "" : ": \(sweep.plan.summary)")
      if !profiles.contains(text) { profiles.append(text) }
    }
    let time = ComputingTime(sweeps)
    return """
      <dl>
      <dt>profile</dt><dd>\(profiles.map(Escaping.html).joined(separator: "<br>"))</dd>
      <dt>runs</dt><dd>\(finished) of \(cells.count) finished\
      \(finished < cells.count ? "; missing runs are left empty" : "")\
      \(unusable > 0 ? "; \(unusable) cannot be used, see below" : "")</dd>
      <dt>computing time</dt><dd>\(Escaping.html(time.words))</dd>
      </dl>
      """
  }

  private static let switches = """
    <div class="switches">
    <fieldset><legend>Accuracy of</legend>
    <label><input type="radio" name="model" id="model-reported" checked> the model that each method's paper \
    reports</label>
    <label><input type="radio" name="model" id="model-received"> received models</label>
    <label><input type="radio" name="model" id="model-trained"> trained models</label></fieldset>
    <fieldset><legend>Shading: difference to</legend>
    <label><input type="radio" name="shade" id="shade-paper" checked> the paper</label>
    <label><input type="radio" name="shade" id="shade-local"> Local</label>
    <label><input type="radio" name="shade" id="shade-none"> none</label></fieldset>
    </div>
    <p class="note">Blue: higher; orange: lower; darker from 0.5, 2, 5 and 10 points on. In parentheses: the \
    paper's number. Bold: our best in the column. Received: what the next local training would start from. \
    Trained: the result of the latest local training.</p>
    """
}

/// Seconds of all runs of some sweeps, each run once.
struct ComputingTime {
  /// Of the runs that recorded them.
  let seconds: Double
  /// Runs that recorded them.
  let timedCount: Int
  /// All finished runs.
  let finishedCount: Int

  init(_ sweeps: [SweepResults]) {
    var seen = Set<String>()
    let results = sweeps.flatMap(\.cells).compactMap(\.result).filter {
      seen.insert($0.path).inserted
    }
    let times = results.compactMap(RunSidecar.seconds)
    seconds = times.reduce(0, +)
    timedCount = times.count
    finishedCount = results.count
  }

  /// For readers.
  var words: String {
    guard timedCount > 0 else { return "not recorded" }
    return DurationText.words(seconds: seconds) + " in all runs together"
      + (timedCount == finishedCount ? "" : " (recorded for \(timedCount) of \(finishedCount))")
  }
}
