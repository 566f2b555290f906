extension Partition {
  /// The partition of some clients only, numbered in the order given.
  /// - Parameter clients: Clients of this partition, none twice.
  public func selecting(_ clients: [Int]) -> Partition {
    Partition(
      checkedTrain: clients.map { train[$0] }, test: clients.map { test[$0] },
      labelCounts: clients.map { labelCounts[$0] }, scheme: scheme, settings: settings, seed: seed,
      dataset: dataset, datasetSHA256: datasetSHA256)
  }
}
