import Foundation

/// What reading the files of some cells found: which are finished, from what inputs, and
/// which files cannot be used.
public struct CellSurvey: Sendable {
  /// The inputs of the finished cells, by the cell's name.
  public let finished: [String: RunInputs]
  /// The finished cells that stopped in the round in which they diverged.
  public let stopped: Set<String>
  /// Why a file at a cell's place is not the cell's result, by the cell's name.
  public let unusable: [String: String]

  /// Reads the files of cells.
  public init(_ cells: [SweepCell], in folder: CellFolder) {
    var finished: [String: RunInputs] = [:]
    var stopped: Set<String> = []
    var unusable: [String: String] = [:]
    for cell in cells.uniqueByName() {
      switch folder.content(of: cell) {
      case .missing: break
      case .usable(let result):
        finished[cell.name] = result.inputs
        if result.stoppedAsDiverged { stopped.insert(cell.name) }
      case .unusable(let reason): unusable[cell.name] = reason
      }
    }
    self.finished = finished
    self.stopped = stopped
    self.unusable = unusable
  }

  /// How many of some cells are finished.
  public func finishedCount(_ cells: [SweepCell]) -> Int {
    cells.count { finished[$0.name] != nil }
  }
}
