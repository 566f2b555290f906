import Experiments
import ExperimentsTestSupport
import FederatedLearning
import NeuralNetworks
import Partitioning
import TestSupport
import Testing

@Suite("Specifications")
struct SpecificationTests {
  private func message(_ text: String, _ overrides: [String] = []) -> String {
    do {
      _ = try RunSpecification(
        SpecificationDocument(file: "a.yaml", text: text, overrides: overrides))
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  private let minimal = """
    method: fedavg
    dataset: {name: cifar10}
    partition: {scheme: iid, clients: 10, samples_per_client: 600}
    """

  @Test(
    "weights are recorded about a hundred times, and of more than 100 clients only if asked for")
  func recordedWeights() throws {
    func interval(_ overrides: [String]) throws -> String? {
      try RunSpecification(
        SpecificationDocument(file: "a.yaml", text: minimal, overrides: overrides)
      ).identity.first { $0.key == "record_weights_every" }?.value
    }
    #expect(try interval([]) == "6")
    #expect(try interval(["rounds=99"]) == "1")
    #expect(try interval(["partition.clients=100"]) == "6")
    #expect(try interval(["partition.clients=101"]) == "0")
    #expect(try interval(["partition.clients=101", "record_weights_every=50"]) == "50")
    #expect(try interval(["record_weights_every=0"]) == "0")
  }

  @Test("the shortest specification takes the paper's values")
  func defaults() throws {
    let specification = try RunSpecification(
      SpecificationDocument(file: "a.yaml", text: minimal))
    #expect(specification.rounds == 600)
    #expect(specification.localEpochs == 10)
    #expect(specification.batchSize == 32)
    #expect(specification.participation == 1)
    #expect(specification.optimiser == StochasticGradientDescent(learningRate: 0.01))
    #expect(specification.seed == 0)
    let other = try RunSpecification(
      SpecificationDocument(file: "a.yaml", text: minimal, overrides: ["dataset.name=mnist"]))
    #expect(other.optimiser.learningRate == 0.005)
  }

  @Test("--set replaces scalars, lists and whole sections")
  func overrides() throws {
    let specification = try RunSpecification(
      SpecificationDocument(
        file: "a.yaml", text: minimal,
        overrides: [
          "rounds=2", "dataset.classes=[cat, 3]", "methods.pfedla.step_size=2.5", "method=pfedla",
          "partition={scheme: dirichlet, clients: 3, concentration: 0.5}",
        ]))
    #expect(specification.rounds == 2)
    #expect(specification.dataset.classes == ["cat", "3"])
    #expect(specification.methodOptions["step_size"] == .number(2.5))
    guard case .scheme(let partition, nil) = specification.partition else {
      Issue.record("expected a scheme without a seed of its own")
      return
    }
    #expect(type(of: partition.scheme).name == "dirichlet")
  }

  @Test(
    "mistakes are named with the line, what was found and what was expected",
    arguments: [
      ("ronds: 3", "a.yaml, line 4: ronds: unknown key; did you mean rounds?"),
      (
        "zzz: 3",
        "a.yaml, line 4: zzz: unknown key; known keys: name, method, seed, dataset, model, rounds, "
          + "participation, client_dropout, new_clients, new_client_rounds, local_epochs, batch_size, learning_rate, momentum, weight_decay, "
          + "nesterov, gradient_clipping, learning_rate_schedule, learning_rate_rounds, learning_rate_factor, "
          + "evaluate_every, evaluate_clients, common_test_samples, record_weights_every, record_class_counts_every, "
          + "record_class_confusion, validation_share, held_out_share, saved_models, on_divergence, checkpoint_every, "
          + "keep_state, partition, methods"
      ),
      (
        "rounds: -3", "a.yaml, line 4: rounds: found -3, expected a whole number from 1 to 10000000"
      ),
      (
        "rounds: many",
        "a.yaml, line 4: rounds: found many, expected a whole number from 1 to 10000000"
      ),
      (
        "rounds: 2.5",
        "a.yaml, line 4: rounds: found 2.5, expected a whole number from 1 to 10000000"
      ),
      (
        "seed: -1",
        "a.yaml, line 4: seed: found -1, expected a whole number in 0 … 9223372036854775807 (2^63 − 1)"
      ),
      (
        "participation: 0",
        "a.yaml, line 4: participation: found 0, expected a share above 0 and up to 1"
      ),
      (
        "participation: 1.5",
        "a.yaml, line 4: participation: found 1.5, expected a share above 0 and up to 1"
      ),
      (
        "learning_rate: .nan",
        "a.yaml, line 4: learning_rate: found .nan, expected a number above 0"
      ),
      (
        "nesterov: true",
        "a.yaml, line 4: nesterov: found true with a momentum of 0, expected momentum above 0"
      ),
      (
        "learning_rate_schedule: linear",
        "a.yaml, line 4: learning_rate_schedule: found linear, expected one of constant, step, cosine"
      ),
      (
        "gradient_clipping: -1",
        "a.yaml, line 4: gradient_clipping: found -1, expected a number of at least 0"
      ),
      (
        "momentum: 1",
        "a.yaml, line 4: momentum: found 1, expected a number of at least 0 and below 1"
      ),
      (
        "saved_models: all",
        "a.yaml, line 4: saved_models: found all, expected one of trained, received, none"
      ),
      (
        "model: {architecture: resnet}",
        "a.yaml, line 4: model.architecture: found resnet, expected one of paper-cnn, mlp, mcmahan-cnn, lenet5, cnn-3x3, or a list of blocks"
      ),
      (
        "model: {architecture: [relux]}",
        "a.yaml, line 4: model.architecture: block 1: found relux, expected one of convolution, batch-normalisation, group-normalisation, relu, maximum-pooling, average-pooling, dropout, residual, fully-connected (did you mean relu?)"
      ),
      (
        "model: {architecture: [relu, {convolution: 3}]}",
        "a.yaml, line 4: model.architecture: block 2: convolution: found 3, expected keys with values: name, channels, kernel, padding"
      ),
      (
        "model: {architecture: [{convolution: {channels: 3}}]}",
        "a.yaml, line 4: model.architecture: block 1: convolution.kernel: missing, expected a whole number in 1 … 31"
      ),
      (
        "model: {architecture: [{convolution: {channels: 0, kernel: 3}}]}",
        "a.yaml, line 4: model.architecture: block 1: convolution.channels: found 0, expected a whole number in 1 … 65536"
      ),
      (
        "model: {architecture: [{convolution: {channels: 1, kernel: 3, stride: 2}}]}",
        "a.yaml, line 4: model.architecture: block 1: convolution: found stride, expected one of name, channels, kernel, padding"
      ),
      (
        "model: {architecture: [dropout]}",
        "a.yaml, line 4: model.architecture: block 1: dropout: found no value, expected one, such as dropout: 0.25"
      ),
      (
        "model: {architecture: [{dropout: 1}]}",
        "a.yaml, line 4: model.architecture: block 1: dropout: found 1, expected a rate of at least 0 and below 1"
      ),
      (
        "model: {architecture: [{residual: [{maximum-pooling: 16}]}]}",
        "a.yaml, line 4: model.architecture: block 1: block 1: maximum-pooling: found 16, expected a whole number in 1 … 15"
      ),
      (
        "model: {architecture: [{average-pooling: some}]}",
        "a.yaml, line 4: model.architecture: block 1: average-pooling: found some, expected a whole number in 1 … 15, or all"
      ),
      (
        "model: {architecture: [{fully-connected: {name: ../x, features: 3}}]}",
        "a.yaml, line 4: model.architecture: block 1: fully-connected.name: found ../x, expected a letter, then letters, digits, hyphens and underscores, 60 at most"
      ),
      (
        "model: {architecture: []}",
        "a.yaml, line 4: model.architecture: found a list, expected a list of blocks"
      ),
      (
        "model: {architecture: [{relu: 1, dropout: 0.5}]}",
        "a.yaml, line 4: model.architecture: block 1: found keys with values, expected one block, such as maximum-pooling: 2"
      ),
      (
        "model: {architecture: {name: mlp}}",
        "a.yaml, line 4: model.architecture: found keys with values, expected a network's name or a list of blocks"
      ),
      (
        "model: {batch_normalization: true}",
        "a.yaml, line 4: model.batch_normalization: unknown key; did you mean batch_normalisation?"
      ),
      ("model: 3", "a.yaml, line 4: model: found 3, expected keys with values"),
      (
        "methods: {pfedla: {step_size: -1}}",
        "a.yaml, line 4: methods.pfedla.step_size: found -1, expected a number in 0 … 1000000"
      ),
      (
        "methods: {pfedla: {stepsize: 1}}",
        "a.yaml, line 4: methods.pfedla.stepsize: unknown key; did you mean step_size?"
      ),
      (
        "methods: {heurpfedla: {retained_layers: 1.5}}",
        "a.yaml, line 4: methods.heurpfedla.retained_layers: found 1.5, expected a whole number in "
          + "0 … 1000"
      ),
      (
        "methods: {pfedls: {}}",
        "a.yaml, line 4: methods.pfedls: unknown key; did you mean pfedla?"
      ),
    ])
  func mistakes(line: String, expected: String) {
    #expect(message(minimal + "\n" + line) == expected)
  }

  @Test(
    "numbers are decimal: what YAML reads in other ways, or as text, is refused as it stands",
    arguments: [
      ("seed: 010", "found 010"), ("seed: 0x10", "found 0x10"), ("seed: 1:30", "found 1:30"),
      ("rounds: \"10\"", "found \"10\""), ("rounds: '10'", "found '10'"),
      ("rounds: 10000001", "found 10000001"), ("learning_rate: 1:30.5", "found 1:30.5"),
      ("learning_rate: 010.5", "found 010.5"), ("learning_rate: \"0.1\"", "found \"0.1\""),
    ])
  func decimal(line: String, found: String) {
    let message = message(minimal + "\n" + line)
    #expect(message.contains(": \(found), expected "), "\(message)")
  }

  @Test("decimal numbers of every form are read")
  func decimalForms() throws {
    for (text, expected) in [
      ("1e-3", 0.001 as Float), (".5", 0.5), ("5.", 5), ("2", 2), ("+0.25", 0.25),
    ] {
      let read = try RunSpecification(
        SpecificationDocument(file: "a.yaml", text: minimal + "\nlearning_rate: \(text)"))
      #expect(read.optimiser.learningRate == expected, "\(text)")
    }
  }

  @Test(
    "texts that would take a parser's time, memory or stack end in one short line at once",
    .timeLimit(.minutes(1)))
  func bombs() {
    let lines = (1...9).map {
      "  a\($0): &a\($0) [" + String(repeating: "*a\($0 - 1),", count: 9) + "]"
    }
    let bomb = "x:\n  a0: &a0 [1]\n" + lines.joined(separator: "\n")
    let deep = String(repeating: "{a: ", count: 500_000)
    let texts = [
      bomb, minimal + "\n? *a\n: 1\n" + bomb, minimal + "\nmethods: \(deep)",
      minimal + "\nname: " + String(repeating: "[", count: 100_000),
      String(repeating: "- ", count: 100_000),
      minimal + "\n" + String(repeating: "k", count: 1 << 20) + ": 1",
      (0..<2000).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
      minimal + "\nname: " + String(repeating: "n", count: 1 << 20),
    ]
    for text in texts {
      let message = message(text)
      #expect(message != "no error" && message.count <= 2_001 && !message.contains("\n"))
    }
    for override in [
      String(repeating: "a.", count: 50_000) + "b=1", "name=" + bomb, "rounds=", "rounds=  ",
      String(repeating: "k", count: 1 << 20) + "=1",
      "rounds=" + String(repeating: "9", count: 100_000),
      "methods=" + deep,
    ] {
      let message = message(minimal, [override])
      #expect(message.hasPrefix("--set ") && message.count <= 2_001, "\(message.prefix(200))")
    }
    #expect(
      message(minimal, ["rounds="])
        == "--set rounds=: found nothing, expected a value; leave --set out for the default")
  }

  @Test("mistakes in --set name the option")
  func mistakesInOverrides() {
    #expect(
      message(minimal, ["rounds=0"])
        == "--set rounds: found 0, expected a whole number from 1 to 10000000")
    #expect(message(minimal, ["ruonds=1"]) == "--set ruonds: unknown key; did you mean rounds?")
    #expect(
      message(minimal, ["rounds"])
        == "--set rounds: expected key=value, such as --set rounds=2 or --set dataset.name=cifar10")
  }

  @Test("what is missing is named")
  func missing() {
    let methods = MethodRegistry.all.map { $0.information.name }.joined(separator: ", ")
    #expect(message("rounds: 1") == "a.yaml: method: missing, expected one of \(methods)")
    #expect(
      message("method: fedavg")
        == "a.yaml: dataset.name: missing, expected a dataset's name (see pfedla datasets list)")
    #expect(
      message("method: fedavgg")
        == "a.yaml, line 1: method: found fedavgg, expected one of \(methods) (did you mean fedavg?)"
    )
    #expect(message("method: [").hasPrefix("a.yaml: not valid YAML: "))
    #expect(!message("method: [").contains("\n"))
  }

  @Test(
    "impossible partitions are named",
    arguments: [
      ("partition.clients=0", "--set partition.clients: "),
      ("partition.samples_per_client=-5", "--set partition.samples_per_client: "),
      ("partition.train_fraction=1", "--set partition.train_fraction: "),
      ("partition.scheme=idd", "--set partition.scheme: "),
      ("partition.sample_per_client=1", "--set partition.sample_per_client: "),
    ])
  func impossiblePartitions(override: String, prefix: String) {
    #expect(message(minimal, [override]).hasPrefix(prefix), "\(message(minimal, [override]))")
  }

  @Test("a change of any length is refused in a short line")
  func longOverride() {
    for text in [
      String(repeating: "x", count: 100_000), "name=[" + String(repeating: "a, ", count: 9000),
    ] {
      let line = message(minimal, [text])
      #expect(line.hasPrefix("--set ") && line.count < 500, "\(line.count) characters")
    }
  }

  @Test("an impossible partition of a file names the file")
  func impossiblePartitionInAFile() {
    let text = minimal.replacing("scheme: iid", with: "scheme: idd")
    #expect(message(text).hasPrefix("a.yaml: partition.scheme: found \"idd\""), "\(message(text))")
  }

  @Test(
    "impossible for the data: more classes than there are, more samples than exist, too many layers"
  )
  func impossibleForData() {
    func message(_ overrides: [String]) -> String {
      do {
        _ = try Fixtures.run(overrides, to: "/nonexistent/never.h5")
        return "no error"
      } catch { return "\(error)" }
    }
    #expect(
      message(["partition.classes_per_client=11"]).hasPrefix(
        "--set partition.classes_per_client: "))
    #expect(
      message(["partition.samples_per_client=100000"]).hasPrefix(
        "--set partition.samples_per_client: "))
    #expect(
      message(["dataset.classes=[1, 2]"]).hasPrefix("small.yaml: partition.classes_per_client: "))
    #expect(
      message(["method=heurpfedla", "methods.heurpfedla.retained_layers=8"])
        == "retained_layers: found 8, expected at most 7, the number of layers of the model")
  }

  private func specification(_ overrides: [String], _ more: String = "") throws -> RunSpecification
  {
    try RunSpecification(
      SpecificationDocument(file: "a.yaml", text: minimal + "\n" + more, overrides: overrides))
  }

  private func file(_ overrides: [String]) throws -> String? {
    guard case .file(let path) = try specification(overrides).partition else { return nil }
    return path
  }

  @Test("a partition file on the command line takes the place of the specification's scheme")
  func partitionFile() throws {
    #expect(try file(["partition.file=a.h5"]) == "a.h5")
    #expect(try file(["rounds=2", "partition.file=a.h5", "seed=3"]) == "a.h5")
    #expect(try file(["partition={file: a.h5}"]) == "a.h5")
    #expect(try file(["partition.file=a.h5", "partition.file=b.h5"]) == "b.h5")
    // Taken back, the scheme stays.
    #expect(try file(["partition.file=a.h5", "partition.file=~"]) == nil)
    #expect(try file(["partition.file=~"]) == nil)
    let identity = try specification(["partition.file=a.h5"]).identity
    #expect(identity.filter { $0.key.hasPrefix("partition") }.map(\.key) == ["partition.file"])
  }

  @Test("a file and a scheme together are refused, with what to do")
  func fileAndScheme() {
    func advice(_ file: String, _ others: String) -> String {
      "partition.file: found \(file) together with \(others), expected a file or a scheme with its "
        + "keys: remove one of them here, or give the file by --set partition.file=FILE, which "
        + "replaces a scheme in the specification"
    }
    let both = """
      method: fedavg
      dataset: {name: cifar10}
      partition: {scheme: iid, file: a.h5, clients: 10}
      """
    #expect(message(both) == "a.yaml, line 3: " + advice("a.h5", "scheme, clients"))
    #expect(message(both, ["partition.file=b.h5"]) == "no error")
    // What the command line says besides the file is not dropped silently.
    #expect(
      message(minimal, ["partition.clients=5", "partition.file=a.h5"])
        == "--set " + advice("a.h5", "clients"))
    #expect(
      message(minimal, ["partition.file=a.h5", "partition.seed=5"])
        == "--set " + advice("a.h5", "seed"))
    #expect(
      message(minimal, ["partition={scheme: iid, clients: 3}", "partition.file=a.h5"])
        == "--set " + advice("a.h5", "scheme, clients"))
  }

  @Test("a validation share is every method's")
  func validationShare() throws {
    func keys(_ overrides: [String]) throws -> [String: String] {
      let lines = try specification(overrides).identity
      return Dictionary(uniqueKeysWithValues: lines.map { ($0.key, $0.value) })
    }
    #expect(try specification([]).validationShare == 0)
    #expect(try keys([])["validation_share"] == "0.0")
    #expect(try keys(["validation_share=0"]) == keys([]))
    #expect(try keys(["validation_share=0.3"])["validation_share"] == "0.3")
    let own = "methods.fedfomo.validation_share"
    #expect(try keys(["method=fedfomo"])[own] == "0.2")
    #expect(try keys(["method=fedfomo"])["validation_share"] == "0.0")
    for more in [[], ["\(own)=0.3"]] {
      let found = try keys(["method=fedfomo", "validation_share=0.3"] + more)
      #expect(found[own] == "0.3" && found["validation_share"] == "0.3")
    }
    // The record is a specification itself.
    let written = try specification(["method=fedfomo", "validation_share=0.3"]).identity
    let again = try specification(
      written.filter { !$0.key.hasPrefix("partition") }.map { "\($0.key)=\($0.value)" })
    #expect(again.identity.map(\.value) == written.map(\.value))
  }

  @Test("a validation share that is impossible, or not the one of a method's section")
  func validationShareErrors() {
    for share in ["1", "-0.1", "0.001", "much"] {
      #expect(
        message(minimal, ["validation_share=\(share)"])
          == "--set validation_share: found \(share), expected 0, or a share in 0.01 … 0.99")
    }
    let text = minimal + "\nmethods: {fedfomo: {validation_share: 0.2}}"
    #expect(message(text) == "no error")
    #expect(message(text, ["validation_share=0.2"]) == "no error")
    // Whatever the method of this run is.
    for method in ["fedfomo", "fedavg"] {
      #expect(
        message(text, ["validation_share=0.3", "method=\(method)"])
          == "a.yaml, line 4: methods.fedfomo.validation_share: found 0.2, but the run's "
          + "validation_share, 0.3, applies to every method; remove one of the two, or make them equal"
      )
    }
  }

  @Test("options that came later are no part of the identity at the value that changes nothing")
  func silentOptions() throws {
    func value(_ overrides: [String]) throws -> String? {
      try specification(["method=pfedla"] + overrides).identity.first {
        $0.key == "methods.pfedla.gradient_scaling"
      }?.value
    }
    func identity(_ overrides: [String]) throws -> String {
      try specification(["method=pfedla"] + overrides).identity.identityText
    }
    #expect(try value([]) == "none")
    #expect(try !identity([]).contains("gradient_scaling"))
    #expect(
      try identity(["methods.pfedla.gradient_scaling=model-norm"]).contains("gradient_scaling"))
    #expect(try value(["methods.pfedla.gradient_scaling=model-norm"]) == "model-norm")
  }

  @Test("a missing specification file is named")
  func missingFile() throws {
    let error = #expect(throws: SpecificationError.self) {
      try SpecificationDocument(file: "/nonexistent/a.yaml")
    }
    #expect(
      error?.description
        == "/nonexistent/a.yaml: no such file, expected a specification in YAML (see experiments/)")
  }

  @Test("every committed experiment can be read")
  func committedExperiments() throws {
    for name in ["quickstart", "first-result"] {
      let path = repositoryRoot + "/experiments/\(name).yaml"
      #expect(try RunSpecification(SpecificationDocument(file: path)).name == name)
    }
  }
}

/// The package's folder.
let repositoryRoot = #filePath.components(separatedBy: "/").dropLast(3).joined(separator: "/")
