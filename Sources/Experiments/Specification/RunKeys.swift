import Datasets
import FederatedLearning
import NeuralNetworks

extension RunKey {
  /// Every key of a run but those of partitions and methods, in the order in which they are read and
  /// recorded.
  public static let all = beforePartition + afterPartition

  /// Recorded before the partition's keys.
  static let beforePartition: [RunKey] = [
    .text("name", \.name, default: "run", decides: .nothing, "a name for titles"),
    method,
    RunKey(
      "seed", default: "0", "the seed of every random stream, from 0 to 2⁶³ − 1",
      read: {
        $2.seed = UInt64(try $0.integer($1, 0...Int.max, seedExpectation) ?? 0)
      },
      recorded: { specification, _ in .integer(Int(clamping: specification.seed)) }),
    RunKey(
      "dataset.name", default: "required",
      "a name from `pfedla datasets list`, or another one for `dataset.files`",
      read: {
        guard let name = try $0.text($1) else {
          throw $0.missing($1, "a dataset's name (see pfedla datasets list)")
        }
        $2.dataset.name = name
      },
      recorded: { specification, _ in .text(specification.dataset.name) }),
    .words(
      "dataset.splits", \.dataset.splits,
      "published files to pool, such as `[train, test]` or `[test]`"),
    .words(
      "dataset.classes", \.dataset.classes,
      "classes to keep, by name or index, in the order of their new labels"),
    RunKey(
      "dataset.files", default: DatasetFiles.published,
      decides: .numbersUnless(.text(DatasetFiles.published)), since: "0.2.0",
      "[files of your own](datasets.md) instead of published ones, such as `train.npz` or "
        + "`{images: FILE, labels: FILE}`. At `published` it is not part of a cell's name",
      read: { $2.dataset.files = try $0.datasetFiles($1, of: $2.dataset.name) },
      recorded: { specification, _ in
        .text(specification.dataset.files?.text ?? DatasetFiles.published)
      }),
  ]

  /// Recorded after the partition's keys.
  static let afterPartition: [RunKey] = [
    RunKey(
      "model.architecture", default: NetworkRegistry.standard.name,
      "the client model: a name (see [networks](networks.md)), or a list of blocks",
      read: { reader, key, specification in
        specification.model.architecture =
          try reader.network(key) ?? NetworkRegistry.standard.name
      },
      recorded: { specification, _ in .text(specification.model.architecture) }),
    RunKey(
      "model.units", default: AggregationUnits.ofLayers,
      decides: .numbersUnless(.text(AggregationUnits.ofLayers)), since: "0.2.0",
      "what shares its aggregation weights under pFedLA, HeurpFedLA and `similarity-layerwise`: each of the `layers`, "
        + "each of the `tensors` (weight, bias), or a list such as `[conv1+bn1, fc1.weight+fc2.weight]`; what is not "
        + "named is a unit of its own. Other methods do not use it. At `layers` it is not part of a cell's name",
      read: { reader, key, specification in
        if reader.value(key)?.scalar?.string == AggregationUnits.ofTensors {
          specification.model.units = [AggregationUnits.ofTensors]
          return
        }
        let units = try reader.texts(key, unless: AggregationUnits.ofLayers)?
          .map { $0.filter { $0 != " " } }
        specification.model.units = units?.isEmpty == true ? nil : units
      },
      recorded: { specification, _ in
        .text(
          specification.model.units.map {
            $0 == [AggregationUnits.ofTensors]
              ? AggregationUnits.ofTensors : "[\($0.joined(separator: ", "))]"
          } ?? AggregationUnits.ofLayers)
      }),
    .choice(
      "model.initialisation", \.model.initialisation, default: .value(.pytorch),
      decides: .numbersUnless(.text("pytorch")), since: "0.2.0",
      "how initial parameters are drawn: `pytorch`, its default, or `glorot` (Xavier). At `pytorch` it is not part of a "
        + "cell's name"),
    .flag(
      "model.batch_normalisation", \.model.batchNormalisation,
      default: .rule("`paper-cnn` on CIFAR: true, otherwise false") {
        $0.model.architecture == NetworkRegistry.standard.name
          && $0.dataset.defaults.batchNormalisation
      },
      "after each convolution of a network with a name; the paper's on CIFAR has it"),
    .choice(
      "model.pixel_scaling", \.model.pixelScaling, default: .value(.symmetric),
      "byte/255·2−1; `unit`: byte/255 (open in the paper)"),
    .choice(
      "model.batch_normalisation_statistics", \.model.statistics,
      default: .rule("the method's: `local` for pFedLA and HeurpFedLA, otherwise `aggregated`") {
        MethodRegistry.method(named: $0.method)?.information.statistics ?? .aggregated
      },
      "whether running mean and variance are aggregated with their layer or never sent (open in the paper; "
        + "the byte counts of its Table 3 leave them out)"),
    .integer(
      "rounds", \.rounds, default: .value(600), in: 1...10_000_000, count,
      "rounds of training (the paper: 600 for 10 clients, 2500 for 100)"),
    .number(
      "participation", \.participation, default: 1, "a share above 0 and up to 1",
      "share of clients that take part in a round (the paper: 1 for 10 clients, 0.1 for 100)"
    ) { $0 > 0 && $0 <= 1 },
    .number(
      "client_dropout", \.clientDropout, default: 0, "a probability of at least 0 and below 1",
      decides: .numbersUnless(.number(0)), since: "0.2.0",
      "probability with which a selected client drops out of a round: it is sent its model, but its update never "
        + "arrives, and it keeps its state of before. Drawn for each round and client. At 0 it is not part of a "
        + "cell's name"
    ) { $0 >= 0 && $0 < 1 },
    .integer(
      "new_clients", \.newClients, default: .value(0), in: 0...10_000_000, countOrZero,
      decides: .numbersUnless(.integer(0)), since: "0.2.0",
      "clients of the partition, drawn once, that take no part in training and are evaluated as clients that join "
        + "after it ([New clients](evaluation.md#new-clients)); the others are numbered from 0 again. At 0 it is not "
        + "part of a cell's name"),
    .integer(
      "new_client_rounds", \.newClientRounds,
      default: .rule("with `new_clients`: 1; otherwise 0") { $0.newClients > 0 ? 1 : 0 },
      in: 0...10_000_000, countOrZero, decides: .numbersUnless(.integer(0)), since: "0.2.0",
      "rounds that each new client trains for, on its own. At 0 it is not part of a cell's name"),
    .integer(
      "local_epochs", \.localEpochs, default: .value(10), in: 1...1_000_000,
      "a whole number from 1 to 1000000",
      "passes over a client's data per round (the paper: 10 and 20)"),
    .integer(
      "batch_size", \.batchSize, default: .value(32), in: 1...100_000,
      "a whole number in 1 … 100000",
      "samples per mini-batch; the last one of a pass may be smaller"),
    .float(
      "learning_rate", \.optimiser.learningRate,
      default: .rule("CIFAR: 0.01, otherwise 0.005") { $0.dataset.defaults.learningRate },
      "a number above 0", "the paper's"
    ) { $0 > 0 },
    .float(
      "momentum", \.optimiser.momentum, default: .value(0), "a number of at least 0 and below 1",
      "not mentioned in the paper; PyTorch's meaning"
    ) { $0 >= 0 && $0 < 1 },
    .float(
      "weight_decay", \.optimiser.weightDecay, default: .value(0), "a number of at least 0",
      "not mentioned in the paper; PyTorch's meaning"
    ) { $0 >= 0 },
    RunKey(
      "nesterov", default: "false", decides: .numbersUnless(.flag(false)), since: "0.2.0",
      "whether momentum is Nesterov's, in PyTorch's meaning. At false it is not part of a cell's name",
      read: { reader, key, specification in
        let nesterov = try reader.flag(key) ?? false
        guard !nesterov || specification.optimiser.momentum > 0 else {
          throw reader.error(
            key, reader.value(key), "found true with a momentum of 0, expected momentum above 0")
        }
        specification.optimiser.nesterov = nesterov
      }, recorded: { specification, _ in .flag(specification.optimiser.nesterov) }),
    .float(
      "gradient_clipping", \.optimiser.clipping, default: .value(0), "a number of at least 0",
      decides: .numbersUnless(.number(0)), since: "0.2.0",
      "the largest Euclidean norm of a mini-batch's gradient over the layers that are trained; longer ones are "
        + "shortened to it (PyTorch's `clip_grad_norm_`), before weight decay and what a method adds; 0: none. At 0 it "
        + "is not part of a cell's name"
    ) { $0 >= 0 },
    .choice(
      "learning_rate_schedule", \.scheduleKind, default: .value(.constant),
      decides: .numbersUnless(.text("constant")), since: "0.2.0",
      "how the learning rate changes from round to round: `step` multiplies it by `learning_rate_factor` after "
        + "each `learning_rate_rounds`; `cosine` lets it fall to 0 over `learning_rate_rounds`. Optimisers that are "
        + "a method's own (pFedHN's) keep theirs. At `constant` it is not part of a cell's name"),
    .integer(
      "learning_rate_rounds", \.scheduleRounds,
      default: .rule("`cosine`: rounds; `step`: rounds / 3, at least 1; otherwise 0") {
        switch $0.scheduleKind {
        case .constant: 0
        case .step: max(1, $0.rounds / 3)
        case .cosine: $0.rounds
        }
      }, in: 0...10_000_000, countOrZero, decides: .numbersUnless(.integer(0)), since: "0.2.0",
      "rounds between two steps of the learning rate, or of its half wave; 0: it stays constant. Give it to "
        + "continue a run to more rounds. At 0 it is not part of a cell's name"),
    .float(
      "learning_rate_factor", \.scheduleFactor, default: .value(0.1),
      "a number above 0 and up to 1",
      decides: .numbersUnless(.number(0.1)), since: "0.2.0",
      "what each step multiplies the learning rate by. At 0.1 it is not part of a cell's name"
    ) { $0 > 0 && $0 <= 1 },
    .integer(
      "evaluate_every", \.evaluateEvery, default: .value(1), in: 1...10_000_000, count,
      "rounds between evaluations; the last round is always evaluated"),
    .integer(
      "evaluate_clients", \.evaluateClients, default: .value(0), in: 0...10_000_000, countOrZero,
      decides: .numbersUnless(.integer(0)), since: "0.2.0",
      "the number of clients that are evaluated, drawn once for all rounds, for runs with thousands of clients; the "
        + "result names them and has no value for the others; 0: all. At 0 it is not part of a cell's name"
    ),
    .integer(
      "common_test_samples", \.commonTestSamples, default: .value(0), in: 0...10_000_000,
      countOrZero, decides: .numbersUnless(.integer(0)), since: "0.2.0",
      "samples that no client has, drawn once, on which methods with one model for all clients are evaluated too "
        + "([The global model](evaluation.md#the-global-model)). At 0 it is not part of a cell's name"
    ),
    RunKey(
      "record_weights_every",
      default: "up to 100 clients: rounds / 100, at least 1; otherwise 0",
      "rounds between records of the aggregation weights and retained layers, also after the last "
        + "round; 0: never. A record takes 4 · layers · clients² bytes of memory and checkpoint (28 MB "
        + "for 1,000 clients of the paper's CIFAR model)",
      read: {
        $2.recordWeightsEvery = try $0.integer($1, 0...10_000_000, countOrZero)
      },
      recorded: { .integer($0.recordWeightsEvery(clientCount: $1)) }),
    .integer(
      "record_class_counts_every", \.recordClassCountsEvery,
      default: .rule("rounds / 100, at least 1") { max(1, $0.rounds / 100) }, in: 0...10_000_000,
      countOrZero,
      "rounds between records of the correct test samples of each class: at the first evaluation after "
        + "each such interval, and at the last one; 0: never"),
    RunKey(
      "record_class_confusion", default: "false", decides: .numbersUnless(.flag(false)),
      since: "0.2.0",
      "whether these records also say which classes the test samples are taken for "
        + "([Confusion by class](evaluation.md#confusion-by-class)). A record takes 8 · clients · classes² bytes before "
        + "compression (8 MB for 100 clients of CIFAR-100); more than 2²⁸ counts for each model are refused. At false it "
        + "is not part of a cell's name",
      read: { reader, key, specification in
        let records = try reader.flag(key) ?? false
        guard !records || specification.recordClassCountsEvery > 0 else {
          throw reader.error(
            key, reader.value(key),
            "found true with a record_class_counts_every of 0, expected record_class_counts_every above 0"
          )
        }
        specification.recordClassConfusion = records
      }, recorded: { specification, _ in .flag(specification.recordClassConfusion) }),
    .share(
      "validation_share", \.validationShare, since: "0.2.0",
      "share of every client's training samples, 0 or 0.01 to 0.99, that no method trains on; FedFomo "
        + "weights models by them, instead of its own `validation_share`, which may repeat this one but "
        + "not differ. At 0 it is not part of a cell's name"),
    .share(
      "held_out_share", \.heldOutShare, since: "0.2.0",
      "share of every client's training samples, 0 or 0.01 to 0.99, that replaces its test "
        + "samples, to [choose hyperparameters](tuning.md) without looking at test data. At 0 it is not "
        + "part of a cell's name"),
    .choice(
      "saved_models", \.savedModels, default: .value(.trained),
      "which models the result keeps: `trained`, `received` or `none`"),
    .choice(
      "on_divergence", \.onDivergence, default: .value(.stop), decides: .divergence, since: "0.2.0",
      "when a loss, parameter or hypernetwork value is not finite: `stop` in that round, or `continue` "
        + "and mark the clients. Not part of a cell's name: `continue` does not restart a run of a sweep "
        + "that has stopped and is finished"),
    .integer(
      "checkpoint_every", \.checkpointEvery, default: .value(25), in: 0...10_000_000, countOrZero,
      decides: .nothing, "rounds between checkpoints; 0: only when interrupted"),
    .flag(
      "keep_state", \.keepState, default: .value(false), decides: .nothing, since: "0.2.0",
      "whether the state after the last round stays beside the result, as `RESULT.h5.checkpoint`, so that the "
        + "same command with more `rounds` and `--overwrite` continues from it; not for sweeps"),
  ]

  private static let method = RunKey(
    "method", default: "required", "a name from `pfedla methods`",
    read: { reader, key, specification in
      let names = MethodRegistry.names
      guard let name = try reader.text(key) else {
        throw reader.missing(key, "one of \(names.joined(separator: ", "))")
      }
      guard names.contains(name) else {
        throw reader.error(key, reader.value(key), reader.expectedWord(name, among: names))
      }
      specification.method = name
    },
    recorded: { specification, _ in .text(specification.method) })

  /// The range of a seed.
  static let seedExpectation = "a whole number in 0 … \(Int.max) (2^63 − 1)"
  private static let count = "a whole number from 1 to 10000000"
  private static let countOrZero = "a whole number from 0 to 10000000"
}
