import Foundation

/// The folder of a sweep's cells: `<output>/cells/<name>.h5`, with checkpoint and lock beside them.
/// Sweeps that share an output folder share their equal cells.
public struct CellFolder: Sendable {
  static let unusableSuffix = ".unusable"

  /// The output folder.
  public let output: String
  /// The folder of the cells.
  public var path: String { "\(output)/cells" }

  /// The cells of an output folder.
  public init(output: String) { self.output = output }

  /// A cell's result file.
  public func result(of name: String) -> String { "\(path)/\(name).h5" }

  /// A cell's lock file.
  package func lock(of name: String) -> String { "\(path)/\(name).lock" }

  /// Whether there is a checkpoint to resume a cell from.
  public func hasCheckpoint(of name: String) -> Bool {
    CheckpointFile(besides: result(of: name)).exists
  }

  /// Removes the temporary files that killed processes left of a cell. Only for the holder of its
  /// lock; other processes' temporary files are in use.
  func removeTemporaryFiles(of name: String) {
    let stems = ["\(name).h5", "\(name).h5.checkpoint", "\(name).run.json"].map { "\($0).tmp-" }
    for file in names() where stems.contains(where: file.hasPrefix) {
      unlink("\(path)/\(file)")
    }
  }

  /// Removes the checkpoint of a finished cell. Only for the holder of its lock.
  func removeCheckpoint(of name: String) { CheckpointFile(besides: result(of: name)).remove() }

  /// The cells with a result and other files beside it, left by a process that was killed
  /// between writing the result and tidying up, or what another process is about to remove.
  func untidy(among cells: [String]) -> [String] {
    let found = names()
    return cells.filter { cell in
      found.contains("\(cell).h5")
        && found.contains {
          $0.hasPrefix("\(cell).") && $0 != "\(cell).h5" && $0 != "\(cell).run.json"
            && !$0.contains(Self.unusableSuffix)
        }
    }
  }

  private func names() -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
  }
}
