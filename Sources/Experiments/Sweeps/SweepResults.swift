import Foundation

/// What there is of a sweep: its plan and the results of its finished cells.
public struct SweepResults: Sendable {
  /// A cell and its result; nil while it is missing.
  public struct Cell: Sendable {
    /// Its place on the axes.
    public let coordinates: [String: String]
    /// Its result.
    public let result: RunResult?
    /// Why the file at the cell's place is not its result, in one line; nil if there is none, or it
    /// is the result.
    public let problem: String?

    /// A cell and its result.
    public init(coordinates: [String: String], result: RunResult?, problem: String? = nil) {
      self.coordinates = coordinates
      self.result = result
      self.problem = problem
    }
  }

  /// The plan.
  public let plan: SweepPlan.Record
  /// The round after which the runs are shown; nil shows all of them.
  public let atRound: Int?
  /// The cells in the plan's order.
  public let cells: [Cell]
  /// What is wrong with the results together, in sentences: runs that were made from different files
  /// of one dataset.
  public let warnings: [String]

  /// Reads the finished cells of a plan. A file that cannot be read, or that is another run than its
  /// cell, is no result: the cell is missing, and its `problem` says why.
  /// - Parameters:
  ///   - plan: what was planned.
  ///   - output: the output folder.
  ///   - atRound: shows every run as it stood after that round; nil takes all rounds.
  public init(_ plan: SweepPlan.Record, output: String, atRound: Int? = nil) {
    self.plan = plan
    self.atRound = atRound
    let folder = CellFolder(output: output)
    // In a report, files are named from its own place.
    func relative(_ reason: String) -> String {
      reason.replacingOccurrences(of: "\(output)/cells/", with: "cells/")
    }
    var inputs: [RunInputs] = []
    var cells: [Cell] = []
    for cell in plan.cells {
      var (result, problem): (RunResult?, String?)
      switch folder.content(of: cell.name, expected: cell.specification) {
      case .missing: break
      case .unusable(let reason): problem = relative(reason)
      case .usable(let found):
        do {
          inputs.append(found.inputs)
          result = try atRound.map(found.atRound) ?? found
        } catch {
          problem = relative("\(error)")
        }
      }
      cells.append(Cell(coordinates: cell.coordinates, result: result, problem: problem))
    }
    self.cells = cells
    warnings = RunInputs.disagreements(inputs).map(relative)
  }

  /// Cells with given results, instead of a folder.
  public init(plan: SweepPlan.Record, cells: [Cell]) {
    self.plan = plan
    self.cells = cells
    atRound = nil
    warnings = []
  }

  /// What a reader must know about files that are not shown, and runs that do not belong together.
  public var problems: [String] {
    var seen = Set<String>()
    return warnings
      + cells.compactMap(\.problem).filter { seen.insert($0).inserted }.map {
        "Not used, shown as missing: \($0). pfedla reproduce will do this run again."
      }
  }

  /// The labels of an axis in order; none if there is no such axis.
  public func labels(_ axis: String) -> [String] {
    plan.axes.first { $0.name == axis }?.labels ?? []
  }

  /// The finished runs at a place on some axes, in the plan's order (so by seed), without those that
  /// diverged: they are left out of the means.
  public func runs(_ place: [String: String]) -> [RunResult] {
    finished(place).filter { !$0.record.hasDiverged }
  }

  /// The finished runs at a place that diverged.
  public func divergedCount(_ place: [String: String]) -> Int {
    finished(place).count { $0.record.hasDiverged }
  }

  /// The finished runs at a place, those that diverged too, in the plan's order.
  package func finished(_ place: [String: String]) -> [RunResult] {
    cells.filter { cell in place.allSatisfy { cell.coordinates[$0.key] == $0.value } }
      .compactMap(\.result)
  }

  /// Whether the plan has a cell at that place, finished or not.
  public func isPlanned(_ place: [String: String]) -> Bool {
    cells.contains { cell in place.allSatisfy { cell.coordinates[$0.key] == $0.value } }
  }
}
