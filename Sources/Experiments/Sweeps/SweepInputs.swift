import Datasets
import Foundation
import Partitioning

/// Compares the inputs of finished cells with the present ones, so that one table never mixes
/// runs on different images or partitions.
public struct SweepInputs {
  private let datasetsFolder: String

  /// For datasets in a folder.
  public init(datasetsFolder: String) { self.datasetsFolder = datasetsFolder }

  /// Compares the finished cells, and the checkpoints of the cells to do, with the dataset
  /// and partition files that are present. Missing files are not compared: no new run could be made from them either.
  /// - Parameters:
  ///   - cells: the cells that a command selects.
  ///   - survey: what is finished, of these cells and of others of their sweeps.
  ///   - folder: the folder of the cells.
  /// - Returns: why datasets of the cells are not the published ones, each reason once.
  /// - Throws: `SpecificationError` naming the first result or checkpoint with other inputs and the files.
  @discardableResult
  public func check(_ cells: [SweepCell], _ survey: CellSurvey, in folder: CellFolder) throws
    -> [String]
  {
    let finished = survey.finished.sorted { $0.key < $1.key }.map(\.value)
    var doubts: [String] = []
    var compared = Set<String>()
    for cell in cells {
      let key = Self.key(cell)
      guard compared.insert(key).inserted,
        let dataset = try? RunPreparation.importDataset(
          cell.specification.dataset, from: datasetsFolder)
      else { continue }
      if let doubt = dataset.doubt, !doubts.contains(doubt) { doubts.append(doubt) }
      try check(finished.filter { $0.dataset == key }, dataset)
      try checkCheckpoints(
        cells.filter { Self.key($0) == key && survey.finished[$0.name] == nil }, dataset, folder)
    }
    try checkPartitions(cells, survey, folder)
    return doubts
  }

  private static func key(_ cell: SweepCell) -> String {
    RunInputs.dataset(cell.specification.identity.map { ($0.key, $0.value) })
  }

  private func checkCheckpoints(
    _ cells: [SweepCell], _ dataset: ImageDataset, _ folder: CellFolder
  ) throws {
    let others = cells.uniqueByName().compactMap {
      CheckpointFile(besides: folder.result(of: $0.name)).inputs()
    }.filter { $0.datasetSHA256 != dataset.sha256 }
    guard let first = others.first else { return }
    throw SpecificationError(
      "\(first.path)\(Self.more(others.count)): started with other files of \(dataset.name) than "
        + "\(datasetsFolder) has now: found dataset_sha256 \(Self.short(dataset.sha256)), expected "
        + "\(Self.short(first.datasetSHA256)). Restore the files, give another --output, or remove "
        + (others.count == 1 ? "the checkpoint" : "these checkpoints") + " to begin the "
        + (others.count == 1 ? "run" : "runs") + " again")
  }

  private static func more(_ count: Int) -> String { count > 1 ? " (and \(count - 1) more)" : "" }

  private func check(_ finished: [RunInputs], _ dataset: ImageDataset) throws {
    let others = finished.filter { $0.datasetSHA256 != dataset.sha256 }
    guard let first = others.first else { return }
    let changed = dataset.files.compactMap { file -> String? in
      let recorded = first.files.first { $0.name == file.name }?.sha256 ?? "no such file"
      guard recorded != file.sha256 else { return nil }
      return "\(file.name): found SHA-256 \(Self.short(file.sha256)), expected "
        + "\(Self.short(recorded))"
    }
    throw SpecificationError(
      "\(first.path)\(Self.more(others.count)): made from other files of \(dataset.name) than \(datasetsFolder) has "
        + "now: \(changed.prefix(3).joined(separator: "; "))"
        + (changed.count > 3 ? "; and \(changed.count - 3) more" : "")
        + ". Restore the files, or give another --output")
  }

  private func checkPartitions(
    _ cells: [SweepCell], _ survey: CellSurvey, _ folder: CellFolder
  ) throws {
    var images = ImportedImages(folder: datasetsFolder)
    for cell in cells {
      guard case .file(let path) = cell.specification.partition else { continue }
      let found: (file: String, sha256: String, remedy: String)
      if let inputs = survey.finished[cell.name] {
        found = (inputs.path, inputs.partitionSHA256, "")
      } else if let inputs = CheckpointFile(besides: folder.result(of: cell.name)).inputs() {
        found = (inputs.path, inputs.partitionSHA256, ", or remove the checkpoint")
      } else {
        continue
      }
      // Held-out samples are cut out of the file's, with the labels.
      let partition =
        cell.specification.heldOutShare == 0
        ? try? Partition.load(from: path)
        : try? RunPreparation.partition(
          cell.specification, images.dataset(of: cell.specification))
      guard let partition, partition.sha256 != found.sha256 else { continue }
      throw SpecificationError(
        "\(found.file): made with another partition than \(path) has now: found SHA-256 "
          + "\(Self.short(partition.sha256)), expected \(Self.short(found.sha256)). Restore the file, or "
          + "give another --output\(found.remedy)")
    }
  }

  private static func short(_ digest: String) -> String {
    digest.count == 64 ? "\(digest.prefix(12))…" : digest
  }
}
