import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import TestSupport
import Testing

@Suite("Sweep specifications")
struct SweepSpecificationTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  private func places(_ cells: [SweepCell]) -> [String] {
    cells.map { cell in
      ["rate", "method", "seed"].compactMap { cell.coordinates[$0] }.joined(separator: " ")
    }
  }

  @Test("cells come in the order of the axes, the last one fastest, without the excluded ones")
  func expansion() throws {
    #expect(
      try places(SmallSweep.cells()) == [
        "slow local 0", "slow local 1", "slow local 2", "slow fedavg 0", "slow fedavg 1",
        "slow fedavg 2", "slow fedper 0", "slow fedper 1", "slow fedper 2", "fast fedavg 0",
        "fast fedavg 1", "fast fedavg 2",
      ])
    for cell in try SmallSweep.cells() {
      #expect(cell.specification.method == cell.coordinates["method"])
      #expect("\(cell.specification.seed)" == cell.coordinates["seed"])
      #expect(cell.specification.name == "reproduction")
    }
  }

  @Test("a profile keeps labels, --only fewer of them")
  func profiles() throws {
    #expect(
      try places(SmallSweep.cells("few")) == ["slow local 1", "slow fedavg 1", "fast fedavg 1"])
    #expect(
      try places(SmallSweep.cells("few", only: ["method": ["fedavg", "fedper"]]))
        == ["slow fedavg 1", "fast fedavg 1"])
    #expect(
      try places(SmallSweep.cells(only: ["rate": ["fast"], "seed": ["2"]])) == ["fast fedavg 2"])
  }

  @Test("--seeds counts from 0, and goes over the axis and the profile")
  func seeds() throws {
    #expect(
      try places(SmallSweep.cells("few", only: ["method": ["local"]], seeds: 2))
        == ["slow local 0", "slow local 1"])
    let five = try SmallSweep.cells(only: ["rate": ["fast"]], seeds: 5)
    #expect(five.map(\.specification.seed) == [0, 1, 2, 3, 4])
  }

  @Test("the base gives way to the axes, those to the profile, its conditions and --set")
  func precedence() throws {
    func rounds(_ profile: String, _ rate: String, _ overrides: [String] = []) throws -> [Int] {
      try SmallSweep.cells(
        profile, only: ["rate": [rate], "method": ["fedavg"], "seed": ["1"]], overrides: overrides
      ).map(\.specification.rounds)
    }
    #expect(try rounds("full", "slow") == [3])
    #expect(try rounds("full", "fast") == [2])
    #expect(try rounds("few", "slow") == [4])
    // Both labels of a condition have to hold: the second one does not.
    #expect(try rounds("few", "fast") == [5])
    #expect(try rounds("few", "fast", ["rounds=7"]) == [7])
    let cell = try #require(SmallSweep.cells("few", only: ["rate": ["fast"]]).first)
    #expect(cell.specification.evaluateEvery == 2)
    #expect(cell.specification.optimiser.momentum == 0.5)
    #expect(cell.specification.optimiser.learningRate == 0.05)
    #expect(cell.specification.batchSize == 8)
  }

  @Test("what is not there is named with what is")
  func unknownNames() {
    #expect(
      message { _ = try SmallSweep.cells("ful") }
        == "small.yaml: profile: found ful, expected one of few, full (did you mean full?)")
    #expect(
      message { _ = try SmallSweep.cells(only: ["methods": ["local"]]) }
        == "--only methods: no such axis of small, expected one of rate, method, seed")
    #expect(
      message { _ = try SmallSweep.cells(only: ["method": ["fedavg", "fedsgd"]]) }
        == "--only method=fedsgd: expected one of local, fedavg, fedper")
  }

  @Test(
    "mistakes in the file are named with their line",
    arguments: [
      ("title:", "titel:", "small.yaml, line 2: titel: unknown key; did you mean title?"),
      (
        "exclude:", "excluded:", "small.yaml, line 19: excluded: unknown key; did you mean exclude?"
      ),
      (
        "{rate: fast, method: [local, fedper]}", "{rates: fast}",
        "small.yaml, line 20: exclude.rates: unknown key; did you mean rate?"
      ),
      (
        "{rate: fast, method: [local, fedper]}", "{rate: fast, method: [local, fedprer]}",
        "small.yaml, line 20: exclude.method: found fedprer, expected one of local, fedavg, fedper "
          + "(did you mean fedper?)"
      ),
      (
        "summary: few cells", "sumary: few cells",
        "small.yaml, line 23: profiles.few.sumary: unknown key; did you mean summary?"
      ),
      (
        "{when: {rate: fast}, set", "{when: {speed: fast}, set",
        "small.yaml, line 27: profiles.few.adjust.when.speed: unknown key; did you mean "
          + "seed?"
      ),
      (
        "report: accuracy-table", "report: table",
        "small.yaml, line 3: report: found table, expected one of accuracy-table, accuracy, none, "
          + "communication-table, similarity, weights-over-time, heat-map, self-weights, tuning, "
          + "sensitivity"
      ),
      (
        "name: small", "label: small",
        "small.yaml: name: missing, expected the name of the table or figure"
      ),
      (
        "base:", "basis:",
        "small.yaml: base: missing, expected a specification, as for pfedla run"
      ),
      (
        "seed: [0, 1, 2]", "seed: [0, 0, 1]",
        "small.yaml, line 18: axes.seed: found 0 twice, expected distinct values"
      ),
      (
        "seed: [0, 1, 2]", "seed: []",
        "small.yaml, line 18: axes.seed: found an empty list, expected at least one value"
      ),
      (
        "seed: [0, 1, 2]", "seed: [0, [1, 2]]",
        "small.yaml, line 18: axes.seed: found a list, expected a word or number; give a longer value a "
          + "label with the keys that it sets"
      ),
      (
        "fast: {learning_rate: 0.05,", "fast: {method: ditto,",
        "small.yaml, line 16: axes.rate.fast.method: the labels of the axis method are the values of "
          + "method, expected a key that no axis uses as labels"
      ),
      (
        "set: {rounds: 4, momentum: 0.5}", "set: {rounds: 4, seed: 7}",
        "small.yaml, line 25: profiles.few.set.seed: the labels of the axis seed are the values of "
          + "seed, expected a key that no axis uses as labels"
      ),
      (
        "set: {rounds: 5}", "set: {method: ditto}",
        "small.yaml, line 27: profiles.few.adjust.set.method: the labels of the axis method are the values "
          + "of method, expected a key that no axis uses as labels"
      ),
      (
        "method: [local, fedavg, fedper]\n  seed: [0, 1, 2]",
        "clients: {3: {partition.clients: 3, rounds: 2}, 4: {partition.clients: 4}}\n  method: "
          + "[local, fedavg, fedper]\n  seed: [0, 1]\n  more: {a: {partition: {clients: 5}}}",
        "small.yaml, line 20: axes.more.a.partition: the labels of the axis clients are the values of "
          + "partition.clients, expected a key that no axis uses as labels"
      ),
      (
        "name: small", "name: ../small",
        "small.yaml, line 1: name: found ../small, expected the name of a folder: letters, digits, - and "
          + "_, and not cells or synthetic-data"
      ),
      (
        "name: small", "name: cells",
        "small.yaml, line 1: name: found cells, expected the name of a folder: letters, digits, - and _, "
          + "and not cells or synthetic-data"
      ),
    ])
  func mistakes(right: String, wrong: String, expected: String) {
    let text = SmallSweep.text.replacing(right, with: wrong, maxReplacements: 1)
    #expect(text != SmallSweep.text)
    #expect(message { _ = try SmallSweep.sweep(text) } == expected)
  }

  @Test(
    "--set changes no key that an axis sets",
    arguments: [
      ("method=ditto", "method", "method", ""),
      ("seed=7", "seed", "seed", ", their number with --seeds"),
      ("learning_rate=0.1", "learning_rate", "rate", ""),
      ("evaluate_every=3", "evaluate_every", "rate", ""),
    ])
  func overriddenAxis(override: String, key: String, axis: String, count: String) {
    #expect(
      message { _ = try SmallSweep.cells(only: ["method": ["local"]], overrides: [override]) }
        == "--set \(key): the axis \(axis) of small sets this key, expected another one; choose labels "
        + "with --only \(axis)=LABEL\(count), or change the axis in a copy of small.yaml")
  }

  @Test(
    "a section that holds an axis's key is such a key too; what a profile sets as well is scale")
  func overriddenSections() throws {
    let text = SmallSweep.text.replacing("slow: {", with: "slow: {partition.clients: 4, ")
    func error(_ override: String) -> String {
      message { _ = try SmallSweep.cells(overrides: [override], text: text) }
    }
    for override in [
      "partition.clients=2", "partition={scheme: iid, clients: 3, samples_per_client: 20}",
    ] {
      #expect(
        error(override).hasPrefix("--set \(override.prefix { $0 != "=" }): the axis rate of small"))
    }
    for override in ["partition.samples_per_client=30", "rounds=2", "momentum=0.9", "batch_size=4"]
    {
      #expect(error(override) == "no error")
    }
  }

  @Test("two places of one sweep are different runs, unless they may share one of the same seed")
  func sameRun() throws {
    let same = SmallSweep.text.replacing(
      "fast: {learning_rate: 0.05, rounds: 2, evaluate_every: 2}",
      with: "fast: {learning_rate: 0.01}")
    #expect(
      message { _ = try SmallSweep.cells(text: same) }
        == "small.yaml: (rate=slow, method=fedavg, seed=0) and (rate=fast, method=fedavg, seed=0) are "
        + "the same run, expected different ones; exclude one of them, or give shares_runs: true at the "
        + "top if both places should show it")
    let shared = try SmallSweep.cells(text: "shares_runs: true\n" + same)
    #expect(shared.count == 12)
    #expect(shared.uniqueByName().count == 9)

    // A seed counts once, whatever the file says.
    let seeds =
      "shares_runs: true\n"
      + SmallSweep.text.replacing(
        "seed: [0, 1, 2]", with: "seed: {a: {seed: 0}, b: {seed: 1}, c: {seed: 0}}"
      ).replacing(", seed: [1]}", with: "}")
    #expect(
      message { _ = try SmallSweep.cells(text: seeds) }
        == "small.yaml: (rate=slow, method=local, seed=a) and (rate=slow, method=local, seed=c) are the "
        + "same run, expected another seed at each label of the axis seed")
    // 1 and +1 are two labels and one value.
    let numbers = SmallSweep.text.replacing("seed: [0, 1, 2]", with: "seed: [0, 1, +1]")
      .replacing(", seed: [1]}", with: "}")
    #expect(
      message { _ = try SmallSweep.cells(text: numbers) }
        == "small.yaml: (rate=slow, method=local, seed=1) and (rate=slow, method=local, seed=+1) are the "
        + "same run, expected another seed at each label of the axis seed")
  }

  @Test("--seeds needs an axis of seeds")
  func seedsWithoutAxis() {
    let text = SmallSweep.text.replacing("  seed: [0, 1, 2]\n", with: "")
      .replacing(", seed: [1]}", with: "}")
    #expect(
      message { _ = try SmallSweep.cells(seeds: 3, text: text) }
        == "--seeds 3: small has no axis seed (found rate, method), expected one; give a single seed with "
        + "--set seed=N, or add the axis to a copy of small.yaml")
    #expect(
      message { _ = try SmallSweep.cells(seeds: 3, text: SmallSweep.single) }
        == "--seeds 3: single has no axis seed (found none), expected one; give a single seed with --set "
        + "seed=N, or add the axis to a copy of small.yaml")
  }

  @Test("a mistake in a cell names the cell, without the line of a file that nobody wrote")
  func mistakesInCells() {
    func message(_ right: String, _ wrong: String) -> String {
      self.message {
        _ = try SmallSweep.sweep(SmallSweep.text.replacing(right, with: wrong, maxReplacements: 1))
          .cells(SweepSpecification.Selection(profile: "full"))
      }
    }
    #expect(
      message("rounds: 3", "ronds: 3")
        == "small.yaml (rate=slow, method=local, seed=0): ronds: unknown key; did you mean rounds?")
    #expect(
      message("evaluate_every: 2", "evaluate_every: x")
        == "small.yaml (rate=fast, method=fedavg, seed=0): evaluate_every: found x, expected a whole "
        + "number from 1 to 10000000")
  }
}

@Suite("Cell names")
struct SweepCellTests {
  @Test("a name says what the cell is")
  func readable() throws {
    let name = try #require(SmallSweep.cells().first).name
    #expect(name.hasPrefix("cifar10-classes-per-client-4-local-seed0-"))
    #expect(name.count == "cifar10-classes-per-client-4-local-seed0-".count + 8)
    let names = try SmallSweep.cells().map(\.name)
    #expect(Set(names).count == names.count)
  }

  @Test("the same run has the same name in another sweep, whatever the path to it")
  func sameRun() throws {
    let other = SmallSweep.text
      .replacing("name: small", with: "name: other")
      .replacing("rounds: 3", with: "rounds: 9\n  checkpoint_every: 1")
      .replacing("slow: {", with: "crawling: {rounds: 3, ")
    let names = try SmallSweep.sweep(other)
      .cells(SweepSpecification.Selection(profile: "full")).map(\.name)
    #expect(try names == SmallSweep.cells().map(\.name))
  }

  @Test(
    "any changed number gives another name",
    arguments: [
      "rounds=5", "participation=0.75", "local_epochs=2", "batch_size=7", "learning_rate=0.02",
      "momentum=0.1", "weight_decay=0.001", "evaluate_every=2", "record_weights_every=2",
      "saved_models=trained", "dataset.splits=[test]", "dataset.classes=[cat, dog, frog]",
      "dataset.name=fashion-mnist", "partition.samples_per_client=21", "partition.seed=9",
      "partition.clients=3", "partition.classes_per_client=2", "partition.train_fraction=0.5",
      "model.batch_normalisation=true", "model.pixel_scaling=unit", "seed=5",
      "model.batch_normalisation_statistics=local", "methods.fedper.personal_layers=2",
    ])
  func changed(override: String) throws {
    let before = try #require(SmallSweep.cells(text: SmallSweep.single).first).name
    let after = try #require(
      SmallSweep.cells(overrides: [override], text: SmallSweep.single).first
    ).name
    #expect(before != after)
  }

  @Test(
    "what changes no number changes no name",
    arguments: ["checkpoint_every=1", "name=mine", "methods.pfedla.step_size=0.25"])
  func unchanged(override: String) throws {
    let only = ["method": ["fedper"]]
    #expect(
      try SmallSweep.cells(only: only).map(\.name)
        == SmallSweep.cells(only: only, overrides: [override]).map(\.name))
  }
}

/// The files in experiments/.
@Suite("The paper's sweeps")
struct ShippedSweepTests {
  static let profiles = ["smoke", "quick", "short", "paper"]
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "experiments").path

  private func sweep(_ name: String) throws -> SweepSpecification {
    try SmallSweep.sweep(
      SpecificationDocument(file: SweepPlan.file(of: name, in: Self.folder)))
  }

  /// The cells of those methods that this version has.
  private func cells(_ name: String, _ profile: String, only: [String: [String]] = [:]) throws
    -> [SweepCell]
  {
    let sweep = try sweep(name)
    var selection = SweepSpecification.Selection(profile: profile)
    selection.only = only
    if only["method"] == nil, sweep.axisNames.contains("method") {
      selection.only["method"] = sweep.labels(of: "method").filter {
        MethodRegistry.method(named: $0) != nil
      }
    }
    // The smoke profile sets one of pFedHN's keys for 100 clients.
    if profile == "smoke", MethodRegistry.method(named: "pfedhn") == nil,
      sweep.axisNames.contains("clients")
    {
      selection.only["clients"] = ["10"]
    }
    return try sweep.cells(selection)
  }

  @Test(
    "every file is a sweep, and every cell of every profile a run",
    arguments: ["table1", "table2", "table3", "figure1", "figure5", "figure6", "figure7"])
  func parses(name: String) throws {
    let sweep = try sweep(name)
    #expect(sweep.name == name)
    #expect(sweep.profileNames == Self.profiles)
    let hasMethods =
      !sweep.axisNames.contains("method")
      || sweep.labels(of: "method").contains { MethodRegistry.method(named: $0) != nil }
    for profile in Self.profiles {
      #expect(try sweep.summary(ofProfile: profile).isEmpty == false)
      #expect(
        try (sweep.syntheticSamplesPerClass(profile: profile) != nil) == (profile == "smoke"))
      let cells = try cells(name, profile)
      #expect(cells.isEmpty == !hasMethods)
      #expect(Set(cells.map(\.name)).count == cells.count, "two cells of a sweep are one run")
    }
  }

  @Test("no sweep was forgotten here")
  func files() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
      .filter { $0.hasPrefix("table") || $0.hasPrefix("figure") }.sorted()
    #expect(
      names == [
        "figure1.yaml", "figure5.yaml", "figure6.yaml", "figure7.yaml", "table1.yaml",
        "table2.yaml", "table3.yaml",
      ])
  }

  @Test("Table 1 of the paper has the paper's size and scale")
  func paperScale() throws {
    let cells = try cells("table1", "paper")
    let methods = Set(cells.map(\.specification.method))
    // Four datasets, two numbers of clients, three seeds; FedBN on two datasets only.
    #expect(cells.count == 24 * methods.count - (methods.contains("fedbn") ? 12 : 0))
    for cell in cells {
      let isLarge = cell.coordinates["clients"] == "100"
      #expect(cell.specification.rounds == (isLarge ? 2500 : 600))
      #expect(cell.specification.localEpochs == (isLarge ? 20 : 10))
      #expect(cell.specification.participation == (isLarge ? 0.1 : 1))
      #expect(
        cell.specification.optimiser.learningRate
          == (cell.specification.dataset.name.hasPrefix("cifar") ? 0.01 : 0.005))
    }
  }

  @Test(
    "Table 3 without or with one retained layer, and Figure 7, are cells of Table 1",
    arguments: profiles)
  func shared(profile: String) throws {
    let cellsOfTable = try cells("table1", profile)
    let table = Set(cellsOfTable.map(\.name))
    let few = try cells("table3", profile, only: ["retained_layers": ["0", "1"]])
    let more = try cells("table3", profile, only: ["retained_layers": ["2", "3"]])
    let figure = try cells("figure7", profile)
    let seeds = ["short", "paper"].contains(profile) ? 3 : 1
    #expect(few.count == 4 * seeds)
    #expect(more.count == 3 * seeds)
    #expect(figure.count == 2 * seeds)
    for cell in few + figure {
      let twin = try #require(
        cellsOfTable.first { $0.name == cell.name }, "\(cell.coordinates)")
      // The text goes into the result file, whose bytes must not show which sweep made it.
      #expect(cell.specification.document.text == twin.specification.document.text)
      #expect(cell.specification.name == twin.specification.name)
      #expect(cell.specification.document.overrides.isEmpty)
    }
    for cell in more { #expect(!table.contains(cell.name), "\(cell.coordinates)") }
  }

  @Test("a table that is not there is answered with those that are")
  func unknown() {
    let error = #expect(throws: SpecificationError.self) { _ = try sweep("table4") }
    #expect(
      error?.description
        == "table4: no such table or figure, expected one of figure1, figure5, figure6, figure7, "
        + "table1, table2, table3")
  }
}
