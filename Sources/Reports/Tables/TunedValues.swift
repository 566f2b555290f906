import Experiments
import Foundation

/// The chosen values of a tuning sweep as sweeps take them, in YAML (`Hyperparameters`).
struct TunedValues {
  /// The file's name in the sweep's folder.
  static let fileName = "hyperparameters.yaml"

  private let results: SweepResults
  private let tuning: TuningResults

  init(_ results: SweepResults, _ tuning: TuningResults) {
    self.results = results
    self.tuning = tuning
  }

  /// The file's text.
  var text: String {
    let plan = results.plan
    var lines = [
      "# Chosen by pfedla tune on held-out training samples; no test sample was used.",
      "# Rule: the first trial in the grid's order within one standard error of the best.",
      "tuned_by: \(Self.quoted("\(plan.name), profile \(plan.profile), numerics version \(CodeVersion.numerics)"))",
      "choices:",
    ]
    for group in tuning.groups {
      guard let chosen = group.choice.chosen, let method = group.common["method"] else {
        lines.append("  # not finished: \(plan.place(group.place))")
        continue
      }
      lines.append("  - method: \(method)")
      for key in Hyperparameters.conditionKeys {
        lines.append("    \(key): \(Self.quoted(group.common[key] ?? ""))")
      }
      lines += [
        "    set: {\(chosen.settings.map { "\($0.key): \(Self.scalar($0.value))" }.joined(separator: ", "))}",
        "    trial: \(chosen.number)", "    local_epochs: \(group.common["local_epochs"] ?? "")",
        String(format: "    score_percent: %.2f", chosen.score),
        String(format: "    standard_error_percent: %.2f", chosen.standardError),
      ]
    }
    if tuning.groups.isEmpty { lines[lines.count - 1] = "choices: []" }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func quoted(_ text: String) -> String {
    "'\(text.replacingOccurrences(of: "'", with: "''"))'"
  }

  /// A value as YAML reads it: numbers and lists of them as they are, words in quotes.
  private static func scalar(_ value: String) -> String {
    Double(value) != nil || value.hasPrefix("[") ? value : quoted(value)
  }
}
