import Datasets
import Foundation
import Partitioning

/// Compares what finished cells were made from with what is at hand, so that one table never mixes
/// runs on different images or partitions.
public struct SweepInputs {
  private let datasetsFolder: String

  /// For datasets in a folder.
  public init(datasetsFolder: String) { self.datasetsFolder = datasetsFolder }

  /// Compares the finished cells with the datasets and partition files of the cells to do. What is not
  /// at hand is not compared: no new run could be made from it either.
  /// - Parameters:
  ///   - cells: the cells that a command asks for.
  ///   - survey: what is finished, of these cells and of others of their sweeps.
  /// - Throws: `SpecificationError` naming the first result with other inputs and the files.
  public func check(_ cells: [SweepCell], _ survey: CellSurvey) throws {
    let finished = survey.finished.sorted { $0.key < $1.key }.map(\.value)
    var compared = Set<String>()
    for cell in cells {
      let key = RunInputs.dataset(cell.specification.identity.map { ($0.key, $0.value) })
      let own = finished.filter { $0.dataset == key }
      guard !own.isEmpty, compared.insert(key).inserted else { continue }
      guard
        let dataset = try? RunPreparation.importDataset(
          cell.specification.dataset, from: datasetsFolder)
      else { continue }
      try check(own, dataset)
    }
    try checkPartitions(cells, survey)
  }

  private func check(_ finished: [RunInputs], _ dataset: ImageDataset) throws {
    let others = finished.filter { $0.datasetSHA256 != dataset.sha256 }
    guard let first = others.first else { return }
    let changed = dataset.files.compactMap { file -> String? in
      let recorded = first.files.first { $0.name == file.name }?.sha256 ?? "no such file"
      guard recorded != file.sha256 else { return nil }
      return "\(file.name): found SHA-256 \(Self.short(file.sha256)), expected "
        + "\(Self.short(recorded))"
    }
    let more = others.count > 1 ? " (and \(others.count - 1) more)" : ""
    throw SpecificationError(
      "\(first.path)\(more): made from other files of \(dataset.name) than \(datasetsFolder) holds "
        + "now: \(changed.prefix(3).joined(separator: "; "))"
        + (changed.count > 3 ? "; and \(changed.count - 3) more" : "")
        + ". Restore the files, or give another --output")
  }

  private func checkPartitions(_ cells: [SweepCell], _ survey: CellSurvey) throws {
    for cell in cells {
      guard case .file(let path) = cell.specification.partition,
        let inputs = survey.finished[cell.name],
        let partition = try? Partition.load(from: path), partition.sha256 != inputs.partitionSHA256
      else { continue }
      throw SpecificationError(
        "\(inputs.path): made with another partition than \(path) holds now: found SHA-256 "
          + "\(Self.short(partition.sha256)), expected \(Self.short(inputs.partitionSHA256)). Restore "
          + "the file, or give another --output")
    }
  }

  private static func short(_ digest: String) -> String {
    digest.count == 64 ? "\(digest.prefix(12))…" : digest
  }
}
