import Experiments
import ExperimentsTestSupport
import Foundation
import Reports

// Text that people write, and plans.
extension Target {
  private static let yamlWords = [
    "&a ", "*a", "<<: *a", "[", "]", "{", "}", ": ", "- ", "\n", "\n  ", "!!binary ", "!!float ",
    "? ",
    "|\n", ">\n", "# ", "\"", "'", "~", "null", "true", ".inf", "-.inf", ".nan", "1e400", "1e-400",
    "0x10", "010", "1:30", "9223372036854775808", "-1", "--- ", "...", "%YAML 1.1", "\u{301}",
    "\u{202e}",
    "\u{0}", "\t", "rounds: ", "method: ", "partition: ", "methods: ", "axes: ", "profiles: ",
    "hidden_sizes: ", "../..", "grids: ", "exclude: ", "hyperparameters: ",
  ]

  static let texts: [Target] = [
    Target(
      name: "specification", summary: "a run's YAML", share: 0.12, words: yamlWords
    ) { _ in
      Prepared([Array(Fixtures.specification.utf8), Array(SmallSweep.baseOfSingle.utf8)]) { bytes in
        _ = try RunSpecification(
          SpecificationDocument(file: "a.yaml", text: String(decoding: bytes, as: UTF8.self)))
      }
    },
    Target(name: "sweep", summary: "a sweep's YAML", share: 0.08, words: yamlWords) { _ in
      Prepared([Array(SmallSweep.text.utf8), Array(SmallSweep.single.utf8)]) { bytes in
        let sweep = try SweepSpecification(
          SpecificationDocument(file: "a.yaml", text: String(decoding: bytes, as: UTF8.self)),
          reports: ReportRegistry.reports)
        for profile in sweep.profileNames.prefix(2) {
          _ = try SweepPlan(sweep, SweepSpecification.Selection(profile: profile))
        }
      }
    },
    Target(name: "set", summary: "--set KEY=VALUE", share: 0.12, words: yamlWords) { _ in
      let overrides = [
        "rounds=3", "methods.pfedla.hidden_sizes=[8, 8]", "dataset.classes=[1, 2]", "seed=7",
        "partition.clients=4", "learning_rate=0.5", "model.batch_normalisation=false",
        "dataset={name: cifar10, splits: [train]}",
      ]
      return Prepared(overrides.map { Array($0.utf8) }) { bytes in
        _ = try RunSpecification(
          Fixtures.document([String(decoding: bytes, as: UTF8.self)]))
      }
    },
    Target(
      name: "plan", summary: "a sweep's plan.json", share: 0.02,
      words: [
        "\"", "\\u0000", "\\ud800", "[", "]", "{", "}", ",", ":", "null", "1e999", "../", "name",
      ]
    ) { folder in
      let output = "\(folder)/output"
      let plan = try SweepPlan(
        SweepSpecification(
          SpecificationDocument(file: "small.yaml", text: SmallSweep.text),
          reports: ReportRegistry.reports), SweepSpecification.Selection(profile: "few"))
      try plan.write(to: output)
      let path = "\(output)/small/plan.json"
      return Prepared([try contents(path)]) { bytes in
        try write(bytes, to: path)
        let records = try SweepPlan.records(in: output)
        for record in records { _ = SweepResults(record, output: output) }
      }
    },
  ]
}
