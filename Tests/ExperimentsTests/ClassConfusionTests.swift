import CHDF5
import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import HDF5
import NeuralNetworks
import TestSupport
import Testing

/// Which classes test samples are taken for.
@Suite("Confusion by class")
struct ClassConfusionTests {
  private static let on = [
    "rounds=5", "record_class_counts_every=2", "record_class_confusion=true",
  ]

  /// A model's counts of a recorded round and client, axes (class, predicted class).
  private func tables(
    _ result: RunResult, _ model: KeyPath<ClassConfusion, ClassConfusion.Entries>, recorded: Int
  ) throws -> [[[Int]]] {
    let confusion = try #require(result.record.confusion)
    let (clients, classes) = (confusion.clientCount, confusion.classCount)
    let flat = confusion.table(model, recorded: recorded).map(Int.init)
    return (0..<clients).map { client in
      (0..<classes).map { label in
        Array(flat[(client * classes + label) * classes..<(client * classes + label + 1) * classes])
      }
    }
  }

  // MARK: Counts

  @Test(
    "diagonals are the correct samples, rows sum to the test samples, and the sum is the accuracy",
    arguments: [
      ["method=pfedla"], ["method=fedrep"],
      ["dataset.classes=[cat, 5, ship]", "partition.samples_per_client=18"],
    ])
  func sums(changes: [String]) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(Self.on + changes, to: path)
    let result = try RunResult(path: path)
    let (record, classes) = (result.record, result.record.classCount)
    #expect(record.classCountRounds == [2, 4, 5])
    #expect(classes == (changes[0].hasPrefix("dataset") ? 3 : 10))
    var elsewhere = 0
    for (recorded, round) in record.classCountRounds.enumerated() {
      for (model, correct, accuracies) in [
        (
          \ClassConfusion.received as KeyPath, record.correctReceived, record.testAccuracyReceived
        ),
        (\ClassConfusion.trained as KeyPath, record.correctTrained, record.testAccuracyTrained),
      ] {
        for (client, table) in try tables(result, model, recorded: recorded).enumerated() {
          let start = (recorded * record.clientCount + client) * classes
          #expect(
            (0..<classes).map { table[$0][$0] } == correct[start..<start + classes].map(Int.init))
          let tested = result.testClassCounts[client * classes..<(client + 1) * classes]
          #expect(table.map { $0.reduce(0, +) } == tested.map(Int.init))
          let right = (0..<classes).reduce(0) { $0 + table[$1][$1] }
          #expect(
            Float(Double(right) / Double(result.testCounts[client]))
              == accuracies[record.place(round: Int(round), client: client)])
          // A model may predict a class of which its client has no sample.
          elsewhere += (0..<classes).reduce(0) { sum, label in
            let held = result.labelCounts[client][label] > 0
            return sum + (held ? 0 : table.reduce(0) { $0 + $1[label] })
          }
        }
      }
    }
    #expect(elsewhere > 0 || classes == 3)
  }

  @Test("the counts are those of the saved models' largest scores")
  func savedModels() throws {
    let folder = try TemporaryFolder()
    let (path, overrides) = (folder.file("a.h5").path, Self.on + ["saved_models=trained"])
    try Fixtures.run(overrides, to: path)
    let preparation = try Fixtures.preparation(overrides)
    let network = try Network(
      plans: NetworkPlans(architecture: preparation.architecture, batchSize: 8))
    let file = try HDF5File.openForReading(path)
    defer { try? file.close() }
    let found = try tables(RunResult(path: path), \.trained, recorded: 2)
    for client in 0..<5 {
      let parameters = try preparation.layout.layers.flatMap { layer in
        try layer.tensors.flatMap { tensor -> [Float] in
          try file.dataset("model/\(layer.name)/\(tensor.name)").readRows(client..<client + 1)
        }
      }
      try network.load(parameters)
      var expected = [[Int]](repeating: [Int](repeating: 0, count: 10), count: 10)
      for sample in preparation.partition.test[client] {
        let scores = Array(try network.scores([sample], of: preparation.data.images))
        let largest = try #require(scores.max())
        let predicted = try #require(scores.firstIndex(of: largest))
        expected[Int(preparation.dataset.labels[Int(sample)])][predicted] += 1
      }
      #expect(found[client] == expected)
    }
  }

  /// A network of one layer, whose scores of image k are `scores[k]`: image k is white at pixel k and black elsewhere.
  private func predictions(
    _ scores: [[Float]], labels: [Int32], bias: [Float]
  ) throws -> (with: Evaluation, without: Evaluation) {
    let (images, classes) = (scores.count, bias.count)
    let architecture = try NetworkBlocks(text: "[{fully-connected: classes}]").network.architecture(
      NetworkInput(channels: 1, height: 1, width: images, classCount: classes))
    let network = try Network(plans: NetworkPlans(architecture: architecture, batchSize: images))
    try network.load((0..<classes).flatMap { label in scores.map { $0[label] } } + bias)
    let pixels = (0..<images).flatMap { image in (0..<images).map { UInt8($0 == image ? 255 : 0) } }
    let labelled = try LabelledImages(
      pixels: pixels, labels: labels, imageSize: images, scaling: .unit)
    let samples = (0..<Int32(images)).reversed().map { $0 }[...]
    return (
      try network.evaluate(samples, of: labelled, predicting: true),
      try network.evaluate(samples, of: labelled)
    )
  }

  @Test("the first of the largest scores is predicted, and none if a score is not a number")
  func rule() throws {
    let scores: [[Float]] = [
      [1, 2, 3], [3, 2, 1], [1, 3, 2], [2, 1, 2], [1, 2, 2], [0, 0, 0], [-1, -1, -2],
    ]
    let labels: [Int32] = [0, 0, 1, 2, 1, 0, 1]
    func predictions(_ bias: [Float]) throws -> Evaluation {
      let (with, without) = try self.predictions(scores, labels: labels, bias: bias)
      #expect(without.predicted == nil && without.correctByClass == with.correctByClass)
      #expect(without.lossSum.bitPattern == with.lossSum.bitPattern)
      return with
    }
    // The samples are evaluated from the last to the first.
    let plain = try predictions([0, 0, 0])
    #expect(plain.predicted == [0, 0, 1, 0, 1, 0, 2])
    #expect(plain.correctByClass == [2, 2, 0])
    // A class without hope is a prediction that can be wrong; its loss is infinite.
    let never = try predictions([0, -.infinity, 0])
    #expect(never.predicted == [0, 0, 2, 0, 2, 0, 2])
    #expect(never.lossSum == .infinity)
    for bias: [Float] in [[0, .nan, 0], [.nan, 0, 0], [0, 0, .infinity]] {
      let none = try predictions(bias)
      #expect(none.predicted == [Int32](repeating: Evaluation.noPrediction, count: 7))
      #expect(none.correct == 0 && none.lossSum.isNaN)
    }
  }

  @Test("samples without a prediction are not counted, and such a result is read")
  func diverged() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(
      Self.on + ["method=local", "learning_rate=1e30", "on_divergence=continue"], to: path)
    let result = try RunResult(path: path)
    #expect(result.record.hasDiverged)
    var missing = 0
    for (client, table) in try tables(result, \.trained, recorded: 2).enumerated() {
      let sum = table.joined().reduce(0, +)
      #expect(sum <= Int(result.testCounts[client]))
      missing += Int(result.testCounts[client]) - sum
    }
    #expect(missing > 0)
  }

  // MARK: The key

  @Test("without the key everything is as it was, and with it nothing else changes")
  func neutral() throws {
    let folder = try TemporaryFolder()
    let (with, without) = (folder.file("a.h5").path, folder.file("b.h5").path)
    try Fixtures.run(Self.on, to: with)
    try Fixtures.run(Array(Self.on.dropLast()), to: without)
    #expect(try RunResult(path: without).record.confusion == nil)
    let names = ["/class_counts/confusion_received", "/class_counts/confusion_trained"]
    let lines = try [with, without].map { try ResultVerification(path: $0).computed.arrays }
    #expect(lines[0].map(\.path).filter { $0.contains("confusion") } == names)
    #expect(lines[0].filter { !names.contains($0.path) } == lines[1])

    func identity(_ overrides: [String]) throws -> String {
      try RunSpecification(Fixtures.document(overrides)).identity.identityText
    }
    #expect(try identity([]) == identity(["record_class_confusion=false"]))
    #expect(try !identity([]).contains("record_class_confusion"))
    #expect(try identity(["record_class_confusion=true"]).contains("record_class_confusion: true"))
  }

  @Test("arrays have labelled axes, and −1 for clients that are not evaluated")
  func arrays() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.h5").path
    try Fixtures.run(Self.on + ["evaluate_clients=2"], to: path)
    let clients = EvaluatedClients.clients(seed: 3, count: 2, clientCount: 5)
    let file = try HDF5File.openForReading(path)
    defer { try? file.close() }
    for name in ["confusion_received", "confusion_trained"] {
      let dataset = try file.dataset("class_counts/\(name)")
      #expect(dataset.shape == [3, 5, 10, 10])
      #expect(try dataset.axisNames() == ["recorded_round", "client", "class", "predicted_class"])
      let values: [Int32] = try dataset.read()
      for (place, value) in values.enumerated() {
        #expect((value >= 0) == clients.contains(place / 100 % 5) && value >= -1)
      }
    }
    let names: [String] = try file.read("class_counts/predicted_class")
    #expect(try names == file.read("class_counts/class"))
    #expect(
      try RunResult(path: path).record.confusion?.entries.allSatisfy { clients.contains($0.client) }
        == true)
  }

  @Test("what cannot be recorded is refused in one line")
  func refused() throws {
    func line(_ overrides: [String]) -> String? {
      #expect(throws: SpecificationError.self) {
        try Fixtures.preparation(overrides + ["record_class_confusion=true"])
      }?.description
    }
    #expect(
      line(["record_class_counts_every=0"])
        == "--set record_class_confusion: found true with a record_class_counts_every of 0, expected "
        + "record_class_counts_every above 0")
    #expect(
      line(["rounds=1000000", "record_class_counts_every=1"])
        == "record_class_confusion: found 1000000 recorded rounds of 5 clients and 10² pairs of classes, expected at "
        + "most 268435456 counts in all; give a larger record_class_counts_every, so that at most 536870 are recorded"
    )
    _ = try Fixtures.preparation(["rounds=1000000", "record_class_confusion=true"])
  }

  // MARK: Interruptions

  @Test(
    "any number of workers and of stops gives the same bytes",
    arguments: [[], ["method=scaffold", "evaluate_every=2", "evaluate_clients=3"]])
  func bytes(changes: [String]) throws {
    let folder = try TemporaryFolder()
    let overrides = Self.on + changes
    let expected = try Fixtures.run(overrides, to: folder.file("a.h5").path, workers: 1)
    #expect(try Fixtures.run(overrides, to: folder.file("b.h5").path, workers: 3) == expected)
    let stopped = try Fixtures.runWithStops(
      overrides, to: folder.file("c.h5").path, stops: 4, workers: 2)
    #expect(stopped == expected)
  }

  @Test("a finished run continues to more rounds, with or without the counts")
  func moreRounds() throws {
    let folder = try TemporaryFolder()
    func numbers(_ path: String) throws -> String? { try RunResult(path: path).numbersSHA256 }
    for (six, without) in [
      (["rounds=6", "record_class_counts_every=2", "record_class_confusion=true"], false),
      (["rounds=6", "record_class_counts_every=2"], true),
    ] {
      let (whole, path) = (folder.file("whole.h5").path, folder.file("\(without).h5").path)
      try Fixtures.run(six, to: whole)
      try Fixtures.run(Self.on + ["rounds=3", "keep_state=true"], to: path)
      var resumed: Int?
      _ = try ExperimentRun(
        Fixtures.preparation(six), output: path, overwrite: true, workerCount: 2
      ).run(shouldStop: { false }, resumed: { resumed = $0.rounds }, report: { _ in })
      #expect(resumed == 3)
      #expect(try numbers(path) == numbers(whole))
    }
    // Counts that an earlier round lacks are not made up.
    let path = folder.file("b.h5").path
    try Fixtures.run(["rounds=3", "record_class_counts_every=2", "keep_state=true"], to: path)
    let error = #expect(throws: CheckpointError.self) {
      try Fixtures.run(Self.on + ["rounds=6"], to: path)
    }
    #expect(
      error?.description
        == "\(path).checkpoint: the checkpoint cannot be continued: record_class_confusion is now true, but the classes "
        + "of round 2 were counted without it. Give record_class_confusion=false to resume, or remove "
        + "\(path).checkpoint to start again")
    // Those of the last round are.
    let last = folder.file("c.h5").path
    try Fixtures.run(["rounds=1", "record_class_counts_every=5", "keep_state=true"], to: last)
    let whole = folder.file("d.h5").path
    let more = ["rounds=1", "record_class_counts_every=5", "record_class_confusion=true"]
    try Fixtures.run(more, to: whole)
    try Fixtures.run(more, to: last)
    #expect(try numbers(last) == numbers(whole))
  }

  // MARK: Damage

  /// An unsealed copy of a good result: 5 clients, 3 recorded rounds, 10 classes.
  private func copy(in folder: TemporaryFolder, _ edit: (hid_t) -> Bool) throws -> String {
    try EditedResult.copy(of: Self.good.get().file("good.h5"), in: folder, edit)
  }

  private static let good = Result {
    let folder = try TemporaryFolder()
    try Fixtures.run(on, to: folder.file("good.h5").path)
    return folder
  }

  /// The error of reading a copy, of which values of an array are changed.
  private func reason(_ name: String, _ change: (inout [Int32]) -> Void) throws -> String {
    let folder = try TemporaryFolder()
    let path = try copy(in: folder) { file in
      let set = H5Dopen2(file, "class_counts/\(name)", chdf5_default())
      defer { H5Dclose(set) }
      var values = [Int32](repeating: 0, count: 3 * 5 * 10 * 10)
      let type = chdf5_native_int32()
      guard H5Dread(set, type, chdf5_all(), chdf5_all(), chdf5_default(), &values) >= 0 else {
        return false
      }
      change(&values)
      return H5Dwrite(set, type, chdf5_all(), chdf5_all(), chdf5_default(), values) >= 0
    }
    let error = #expect(throws: SpecificationError.self) { try RunResult(path: path) }
    return String((error?.description ?? "").dropFirst("\(path): /class_counts/\(name): ".count))
  }

  @Test("counts that contradict the others are refused in one line")
  func contradictions() throws {
    let result = try RunResult(path: Self.good.get().file("good.h5").path)
    // A class of the third client in the second record, of which it has test samples.
    let (client, recorded) = (2, 1)
    let tested = result.testClassCounts[client * 10..<client * 10 + 10].map { $0 }
    let label = try #require(tested.indices.first { tested[$0] > 0 })
    let (row, other) = (((recorded * 5 + client) * 10 + label) * 10, (label + 1) % 10)
    let name = result.classNames[label]
    let correct = result.record.correctReceived[(recorded * 5 + client) * 10 + label]
    let ending = ": damaged, or not written by pfedla; use an unchanged copy, or make it again"
    #expect(
      try reason("confusion_received") { $0[row + other] += 1 }
        == "round 4, client 2: found \(tested[label] + 1) predictions for class \(name), expected the "
        + "\(tested[label]) of /class_counts/test_count" + ending)
    #expect(
      try reason("confusion_received") { $0[row + label] += 1 }
        == "round 4, client 2: found \(correct + 1) correct samples of class \(name), expected the \(correct) of "
        + "/class_counts/correct_received" + ending)
    #expect(
      try reason("confusion_trained") { $0[row + other] = -1 }
        == "round 4, client 2: found -1 samples of class \(name), expected at least 0" + ending)
  }

  @Test(
    "arrays of another shape, type or axis are refused in one line",
    arguments: [
      ArrayEdit.missing("class_counts/confusion_received"),
      .missing("class_counts/confusion_trained"), .missing("class_counts/predicted_class"),
      .integers("class_counts/confusion_received", shape: [3, 5, 10, 10], value: 0),
      .integers("class_counts/confusion_received", shape: [3, 5, 10, 9], value: 0),
      .integers("class_counts/confusion_trained", shape: [1 << 31, 5, 10, 10], value: 0),
      .floats("class_counts/confusion_trained", shape: [3, 5, 10, 10], value: 0),
      .texts("class_counts/predicted_class", count: 10),
      .texts("class_counts/predicted_class", count: 3),
      .integers("class_counts/recorded_round", shape: [2], value: 1),
    ])
  func edits(edit: ArrayEdit) throws {
    let folder = try TemporaryFolder()
    let path = try copy(in: folder) { edit.make(in: $0) }
    EditedResult.expectRefused(path)
  }

  @Test("an unchanged copy is read")
  func unchanged() throws {
    let folder = try TemporaryFolder()
    let good = try RunResult(path: Self.good.get().file("good.h5").path)
    let copy = try RunResult(path: copy(in: folder) { _ in true })
    #expect(copy.record.confusion == good.record.confusion && copy.record.confusion != nil)
    // As it stood after an earlier round.
    let earlier = try copy.atRound(4)
    #expect(earlier.record.classCountRounds == [2, 4])
    #expect(
      earlier.record.confusion?.entries == copy.record.confusion?.entries.filter { $0.recorded < 2 }
    )
  }
}
