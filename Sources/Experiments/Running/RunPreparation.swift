import Datasets
import FederatedLearning
import NeuralNetworks
import Partitioning
import RandomStreams

/// A specification with its data: everything that a run needs, checked.
public struct RunPreparation: Sendable {
  /// What to run.
  public let specification: RunSpecification
  /// The images as imported.
  public let dataset: ImageDataset
  /// The split over the clients that train.
  public let partition: Partition
  /// The samples of the clients that join after training; nil without any.
  public let newPartition: Partition?
  /// Their numbers among all clients, ascending.
  public let newClients: [Int]
  /// Samples that no client has, ascending, on which the global model is tested.
  public let commonTest: [Int32]
  /// The client model.
  public let architecture: Architecture
  /// Its parameters' places.
  public let layout: ParameterLayout
  /// Which of its layers share their aggregation weights.
  let units: AggregationUnits
  /// The clients' samples for the round loop.
  package let data: FederatedData
  /// Every key that decides the numbers with its value.
  public let resolved: [RunSetting]

  /// Imports the dataset, makes or loads the partition and checks that all fits together. Throws
  /// `DatasetError`, `PartitionError`, `HDF5Error`, `ArchitectureError` or `FederationError`.
  /// - Parameters:
  ///   - specification: what to run.
  ///   - datasetsFolder: the folder with the dataset files.
  public init(_ specification: RunSpecification, datasetsFolder: String) throws {
    try self.init(
      specification, dataset: Self.importDataset(specification.dataset, from: datasetsFolder))
  }

  /// The same with the specification's dataset already imported.
  package init(_ specification: RunSpecification, dataset: ImageDataset) throws {
    self.specification = specification
    self.dataset = dataset
    let whole = try Self.partition(specification, dataset)
    newClients = try Self.newClients(specification, of: whole)
    let isNew = Set(newClients)
    partition =
      isNew.isEmpty
      ? whole : whole.selecting((0..<whole.clientCount).filter { !isNew.contains($0) })
    newPartition = isNew.isEmpty ? nil : whole.selecting(newClients)
    commonTest = try Self.commonTest(specification, dataset, besides: whole)
    architecture = try Self.network(specification.model).architecture(
      NetworkInput(
        channels: dataset.channels, height: dataset.height, width: dataset.width,
        classCount: dataset.classNames.count,
        batchNormalisation: specification.model.batchNormalisation))
    layout = ParameterLayout(architecture)
    units = try AggregationUnits(specification.model.units ?? [], layout)
    data = try FederatedData(
      images: LabelledImages(
        pixels: dataset.pixels, labels: dataset.labels, imageSize: architecture.inputSize,
        scaling: specification.model.pixelScaling),
      classCount: dataset.classNames.count, train: partition.train, test: partition.test)
    let most = data.train.map(\.count).max() ?? 0
    try MemoryNeed(
      ofNetwork: architecture, layout, batchSize: min(specification.batchSize, most)
    ).requireFits()
    resolved = specification.resolved(partition: partition)
    guard specification.evaluateClients <= data.clientCount else {
      throw SpecificationError(
        "evaluate_clients: found \(specification.evaluateClients), expected at most the "
          + "\(data.clientCount) clients of the partition, or 0 for all")
    }
    if specification.recordClassConfusion {
      try ClassConfusion.requireFits(
        records: RunRecord.Schedule(specification, clientCount: data.clientCount).classCountRecords,
        clientCount: data.clientCount, classCount: dataset.classNames.count)
    }
  }

  /// The clients of a partition that join after training, ascending.
  private static func newClients(_ specification: RunSpecification, of partition: Partition) throws
    -> [Int]
  {
    let (count, all) = (specification.newClients, partition.clientCount)
    guard count > 0 else {
      guard specification.newClientRounds == 0 else {
        throw SpecificationError(
          "new_client_rounds: found \(specification.newClientRounds), expected 0 without new_clients"
        )
      }
      return []
    }
    guard count < all else {
      throw SpecificationError(
        "new_clients: found \(count), expected fewer than the \(all) clients of the partition")
    }
    return NewClients.clients(seed: specification.seed, count: count, clientCount: all)
  }

  /// Samples of the dataset that no client of a partition has, ascending: as many as asked for, from the stream (seed,
  /// common test).
  private static func commonTest(
    _ specification: RunSpecification, _ dataset: ImageDataset, besides partition: Partition
  ) throws -> [Int32] {
    let count = specification.commonTestSamples
    guard count > 0 else { return [] }
    var isFree = dataset.labels.map { $0 >= 0 }
    // With held-out samples, the test samples are no client's either, but they must not be looked at.
    let parts =
      specification.heldOutShare > 0
      ? [partition.train, partition.test, try wholePartition(specification, dataset).test]
      : [partition.train, partition.test]
    for sample in parts.joined().joined() { isFree[Int(sample)] = false }
    let free = isFree.indices.filter { isFree[$0] }.map(Int32.init)
    guard count <= free.count else {
      throw SpecificationError(
        "common_test_samples: found \(count), expected at most \(free.count), the samples of the dataset that no client "
          + "has")
    }
    var stream = RandomStream(seed: specification.seed, purpose: .commonTest)
    return stream.shuffled(free).prefix(count).sorted()
  }

  /// The network that a specification names or lists.
  static func network(_ model: RunSpecification.Model) throws -> NetworkDescription {
    let name = model.architecture
    if NetworkBlocks.isBlocks(name) {
      guard !model.batchNormalisation else {
        throw ArchitectureError(
          reason:
            "batch_normalisation is true, but the architecture lists its blocks: put batch-normalisation among "
            + "them, and set the key to false")
      }
      return try NetworkBlocks(text: name).network
    }
    guard let network = NetworkRegistry.network(named: name) else {
      throw ArchitectureError(reason: "no network is named \(name)")
    }
    return network
  }

  /// The dataset that a specification names. Throws `DatasetError`, `NumPyError` or `HDF5Error`.
  /// - Parameters:
  ///   - dataset: the specification's section.
  ///   - folder: where the files of published datasets lie.
  public static func importDataset(_ dataset: RunSpecification.Dataset, from folder: String) throws
    -> ImageDataset
  {
    if let files = dataset.files {
      return try ImageDataset.load(
        dataset.name, own: files, splits: dataset.splits, classes: dataset.classes)
    }
    return try ImageDataset.load(
      dataset.name, splits: dataset.splits, classes: dataset.classes, from: folder)
  }

  /// The partition that a specification asks for, checked against the dataset. With a
  /// `heldOutShare`, its test samples are training samples that were held out.
  public static func partition(_ specification: RunSpecification, _ dataset: ImageDataset) throws
    -> Partition
  {
    let partition = try wholePartition(specification, dataset)
    guard specification.heldOutShare > 0 else { return partition }
    do {
      return try partition.holdingOut(share: specification.heldOutShare, labels: dataset.labels)
    } catch {
      throw SpecificationError("held_out_share \(specification.heldOutShare): \(error)")
    }
  }

  /// The partition with its own test samples.
  private static func wholePartition(
    _ specification: RunSpecification, _ dataset: ImageDataset
  ) throws -> Partition {
    switch specification.partition {
    case .scheme(let scheme, let seed):
      do {
        return try scheme.makePartition(
          labels: dataset.labels, classCount: dataset.classNames.count,
          seed: seed ?? specification.seed, dataset: dataset.name, datasetSHA256: dataset.sha256,
          owners: dataset.owners)
      } catch {
        throw specification.document.located(error)
      }
    case .file(let path):
      let partition = try Partition.load(from: path)
      try partition.validate(labels: dataset.labels, source: path)
      // Partitions made elsewhere may not say which dataset they index.
      guard partition.datasetSHA256.isEmpty || partition.datasetSHA256 == dataset.sha256 else {
        throw SpecificationError(
          "\(path): the partition was made for other images: its dataset_sha256 is "
            + "\(partition.datasetSHA256), but that of \(dataset.name) as specified is \(dataset.sha256). "
            + "Use the dataset files and splits that it was made for, or make it again with pfedla partition"
        )
      }
      return partition
    }
  }

  /// The partition that a specification asks for, with its dataset imported from a folder.
  public static func partition(_ specification: RunSpecification, datasetsFolder: String) throws
    -> Partition
  {
    try partition(
      specification, importDataset(specification.dataset, from: datasetsFolder))
  }

  /// A partition that another program made, for a specification's dataset; see `PartitionImport`.
  /// - Parameters:
  ///   - path: the file.
  ///   - testOffset: what is added to each test index.
  ///   - specification: the specification of the dataset.
  ///   - datasetsFolder: where the dataset files lie.
  public static func importPartition(
    from path: String, testOffset: Int, _ specification: RunSpecification, datasetsFolder: String
  ) throws -> Partition {
    let dataset = try importDataset(specification.dataset, from: datasetsFolder)
    return try PartitionImport.load(
      from: path, testOffset: testOffset, labels: dataset.labels,
      classCount: dataset.classNames.count, dataset: dataset.name, datasetSHA256: dataset.sha256)
  }

  /// A partition with part of its training data instead of its test data; see
  /// `Partition.holdingOut(share:labels:)`.
  /// - Parameters:
  ///   - datasetsFolder: where the dataset files lie.
  ///   - partition: the partition to hold samples out of.
  ///   - specification: the specification of the dataset.
  ///   - share: the share of each client's training samples to hold out.
  ///   - path: the partition's file, for errors.
  public static func holdOut(
    share: Double, of partition: Partition, path: String, _ specification: RunSpecification,
    datasetsFolder: String
  ) throws -> Partition {
    let dataset = try importDataset(specification.dataset, from: datasetsFolder)
    try partition.validate(labels: dataset.labels, source: path)
    return try partition.holdingOut(share: share, labels: dataset.labels)
  }

  /// The clients that are evaluated, ascending.
  package var evaluatedClients: [Int] {
    EvaluatedClients.clients(
      seed: specification.seed, count: specification.evaluateClients,
      clientCount: data.clientCount)
  }

  /// What is fixed for the federation.
  package var setting: FederationSetting {
    setting(localEpochs: specification.localEpochs, participation: specification.participation)
  }

  /// The same with other local epochs and another participation.
  func setting(localEpochs: Int, participation: Double) -> FederationSetting {
    FederationSetting(
      trainCounts: data.train.map(\.count), layout: layout,
      initialParameters: layout.initialParameters(
        seed: specification.seed, specification.model.initialisation),
      units: units, statistics: specification.model.statistics,
      validationShare: specification.validationShare,
      participation: participation, clientDropout: specification.clientDropout,
      localEpochs: localEpochs,
      batchSize: specification.batchSize, optimiser: specification.optimiser,
      learningRateSchedule: specification.learningRateSchedule, seed: specification.seed)
  }
}
