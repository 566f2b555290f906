import Datasets
import FederatedLearning
import Foundation
import Support

/// Does the cells of sweeps, one after another, each on all workers.
///
/// Finished cells are skipped, unfinished ones resume from their checkpoint, and a cell that another
/// process works on is left to it. A file that is not the cell's result (another run's, or damaged) is
/// moved aside and the cell done again, and so is a checkpoint that is not the cell's, is damaged or is of
/// another version of the numerics; one on other images or another partition fails. Cells that fail are
/// reported at the end and stop no other.
public struct Sweep: Sendable {
  /// A cell that could not be done.
  public struct Failure: Sendable {
    /// The cell's name.
    public let cell: String
    /// Why, in one line.
    public let reason: String
  }

  /// What happens, for a display.
  public enum Event: Sendable {
    /// A cell begins; `number` counts from 1 among those to do.
    case begins(SweepCell, number: Int, of: Int)
    /// The file at the cell's place is not its result, or the run cannot resume from its checkpoint: it
    /// was moved aside, and the cell is done from its beginning.
    case unusable(SweepCell, reason: String, movedTo: String)
    /// It resumes from a checkpoint.
    case resumes(ExperimentRun.Resumption)
    /// A round is done.
    case progress(ExperimentRun.Progress)
    /// The cell is done.
    case done(SweepCell, seconds: Double)
    /// A value was not finite; the cell is finished anyway, with the rounds so far.
    case diverged(SweepCell, String)
    /// The cell could not be done.
    case failed(Failure)
    /// Another process works on the cell.
    case taken(SweepCell, by: String)
    /// Only cells that others work on are left.
    case waiting(cells: Int)
  }

  /// How a process makes sure that nobody else does its cells.
  public enum Claim: Sendable {
    /// By locks: what another process holds is waited for. Where the file system has none, nothing keeps two processes
    /// apart.
    case locks
    /// A list of tasks gives every cell one owner; locks are taken where the file system has them, and what another
    /// process holds is left to it.
    case owned
  }

  /// How a sweep ended.
  public struct Outcome: Sendable {
    /// Cells that could not be done.
    public var failures: [Failure] = []
    /// Whether it was stopped before the end.
    public var isInterrupted = false
  }

  private let folder: CellFolder
  private let datasetsFolder: String
  private let workerCount: Int
  private let claim: Claim
  private static let pollingSeconds: UInt32 = 2

  /// - Parameters:
  ///   - folder: the folder of the cells.
  ///   - datasetsFolder: the folder with the dataset files.
  ///   - workerCount: threads; changes no number of a result.
  ///   - claim: how it claims cells.
  public init(
    folder: CellFolder, datasetsFolder: String, workerCount: Int, claim: Claim = .locks
  ) {
    self.folder = folder
    self.datasetsFolder = datasetsFolder
    self.workerCount = workerCount
    self.claim = claim
  }

  /// Does all cells that are not finished.
  /// - Parameters:
  ///   - cells: in the order to do them; equal ones are done once.
  ///   - survey: what the caller has just found about them; nil reads their files first.
  ///   - shouldStop: asked after every round.
  ///   - watch: watches rounds while they are worked on; may end them early.
  ///   - report: called with what happens.
  /// - Throws: `FileError` if the folder cannot be used.
  public func run(
    _ cells: [SweepCell], survey: CellSurvey? = nil, shouldStop: () -> Bool,
    watch: RoundWatch? = nil, report: (Event) -> Void
  ) throws -> Outcome {
    try makeFolder(folder.path)
    var outcome = Outcome()
    let cells = cells.uniqueByName()
    let finished = (survey ?? CellSurvey(cells, in: folder)).finished
    for name in folder.untidy(among: cells.map(\.name)) {
      guard let lock = try lock(name) else { continue }
      withExtendedLifetime(lock) {
        folder.removeTemporaryFiles(of: name)
        if finished[name] != nil { folder.removeCheckpoint(of: name) }
      }
    }
    var left = cells.filter { finished[$0.name] == nil }
    let count = left.count
    var number = 0
    // Cells that were reported as another process's.
    var reported = Set<String>()
    var images = ImportedImages(folder: datasetsFolder)
    while !left.isEmpty {
      var taken: [SweepCell] = []
      for cell in left {
        guard !shouldStop() else {
          outcome.isInterrupted = true
          return outcome
        }
        guard let lock = try lock(cell.name) else {
          if reported.insert(cell.name).inserted {
            report(.taken(cell, by: CellLock.holder(of: folder.lock(of: cell.name))))
          }
          taken.append(cell)
          continue
        }
        defer { withExtendedLifetime(lock) {} }
        folder.removeTemporaryFiles(of: cell.name)
        do {
          switch folder.content(of: cell) {
          case .missing: break
          case .usable:
            // Another process has finished it since.
            folder.removeCheckpoint(of: cell.name)
            continue
          case .unusable(let reason):
            let target = try folder.setAside(cell.name)
            report(.unusable(cell, reason: reason, movedTo: target))
          }
          number += 1
          report(.begins(cell, number: number, of: count))
          guard try run(cell, &images, shouldStop, watch, report) else {
            outcome.isInterrupted = true
            return outcome
          }
        } catch {
          let failure = Failure(cell: cell.name, reason: "\(error)")
          outcome.failures.append(failure)
          report(.failed(failure))
        }
      }
      if !taken.isEmpty, claim == .locks {
        report(.waiting(cells: taken.count))
        sleep(Self.pollingSeconds)
        taken.removeAll { folder.content(of: $0).isUsable }
      }
      left = claim == .locks ? taken : []
    }
    return outcome
  }

  /// The claim to a cell: nil if another process has it, one without a lock where the file system has none.
  private func lock(_ name: String) throws -> CellClaim? {
    do {
      return try CellLock(folder.lock(of: name)).map { CellClaim(lock: $0) }
    } catch is CellLock.Unsupported {
      return CellClaim(lock: nil)
    }
  }

  /// Kept while a cell is worked on.
  private struct CellClaim {
    let lock: CellLock?
  }

  /// - Returns: whether the cell is complete.
  private func run(
    _ cell: SweepCell, _ images: inout ImportedImages, _ shouldStop: () -> Bool,
    _ watch: RoundWatch?, _ report: (Event) -> Void
  ) throws -> Bool {
    let start = ContinuousClock.now
    let result = folder.result(of: cell.name)
    let preparation = try RunPreparation(
      cell.specification, dataset: images.dataset(of: cell.specification))
    func runOnce() throws -> ExperimentRun.Outcome {
      try ExperimentRun(
        preparation, output: result, overwrite: false, workerCount: workerCount,
        recordsDivergence: true
      ).run(
        shouldStop: shouldStop, watch: watch, resumed: { report(.resumes($0)) },
        report: { report(.progress($0)) })
    }
    let outcome: ExperimentRun.Outcome
    do {
      outcome = try runOnce()
    } catch let error as CheckpointError where error.canBeginAgain {
      let target = try CheckpointFile(besides: result).setAside()
      report(.unusable(cell, reason: error.reason, movedTo: target))
      outcome = try runOnce()
    }
    switch outcome {
    case .interrupted: return false
    case .diverged(let divergence): report(.diverged(cell, divergence.sentence))
    case .complete: break
    }
    // Without its digest, on a disk that is full by now, the result is as good.
    try? ResultDigest.record(besides: result)
    report(.done(cell, seconds: (ContinuousClock.now - start).seconds))
    return true
  }
}

/// The dataset imported last: consecutive cells of a sweep mostly use the same one.
struct ImportedImages {
  private let folder: String
  private var last: (key: RunSpecification.Dataset, dataset: ImageDataset)?

  init(folder: String) { self.folder = folder }

  /// The dataset that a specification names, imported unless it was the last one.
  mutating func dataset(of specification: RunSpecification) throws -> ImageDataset {
    if let last, last.key == specification.dataset { return last.dataset }
    let dataset = try RunPreparation.importDataset(specification.dataset, from: folder)
    last = (specification.dataset, dataset)
    return dataset
  }
}
