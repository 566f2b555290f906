import Foundation
import Support

/// What the tasks of a cluster's array job do: which cells of which sweeps each one computes. A file of its own, so that
/// every task of a job does the same division, whatever is finished by then.
public struct TaskList: Codable, Sendable, Equatable {
  /// A task of the array.
  public struct Task: Codable, Sendable, Equatable {
    /// Its cells by name, in the order in which it does them.
    public let cells: [String]
    /// Estimated seconds of all of them.
    public let seconds: Double

    /// A task of those cells.
    public init(cells: [String], seconds: Double) {
      self.cells = cells
      self.seconds = seconds
    }
  }

  /// The sweeps, by name or file.
  public let targets: [String]
  /// Their profile.
  public let profile: String
  /// The changed keys, as `key=value`.
  public let overrides: [String]
  /// The number of seeds; nil for the profile's.
  public let seeds: Int?
  /// The folder with the sweeps.
  public let experiments: String
  /// The folder with the dataset files.
  public let datasets: String
  /// The folder for results.
  public let output: String
  /// The tasks; a task's number in the array is its place here.
  public let tasks: [Task]

  /// A list of tasks for some sweeps.
  public init(
    targets: [String], profile: String, overrides: [String], seeds: Int?, experiments: String,
    datasets: String, output: String, tasks: [Task]
  ) {
    self.targets = targets
    self.profile = profile
    self.overrides = overrides
    self.seeds = seeds
    self.experiments = experiments
    self.datasets = datasets
    self.output = output
    self.tasks = tasks
  }

  /// Reads a list. Throws `SpecificationError` if there is none, or it is damaged.
  public init(file path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw SpecificationError(
        "\(path): no such file, expected the tasks that pfedla cluster submit wrote")
    }
    do {
      self = try JSONDecoder().decode(TaskList.self, from: data)
    } catch {
      throw SpecificationError(
        "\(path): damaged, expected the tasks that pfedla cluster submit wrote; submit again")
    }
    let names = tasks.flatMap(\.cells)
    guard names.allSatisfy(isFileName), Set(names).count == names.count else {
      throw SpecificationError(
        "\(path): found a cell twice or a name that is no cell's; submit again")
    }
  }

  /// Writes it. Throws `FileError` if that fails.
  public func write(to path: String) throws {
    try TextFile.write(json: self, to: path)
  }
}

extension TaskList {
  /// Divides cells among tasks that take about a given time: long cells have a task of their own, short ones share one,
  /// and the longest tasks come first, so that no long one is left for the end.
  ///
  /// First fit in descending order; of equal cells the first comes first.
  /// - Parameters:
  ///   - cells: names with estimated seconds.
  ///   - taskSeconds: the time that a task should take.
  public static func grouped(_ cells: [(name: String, seconds: Double)], taskSeconds: Double)
    -> [Task]
  {
    let sorted = cells.enumerated().sorted {
      ($1.element.seconds, $0.offset) < ($0.element.seconds, $1.offset)
    }.map(\.element)
    var groups: [(cells: [String], seconds: Double)] = []
    for cell in sorted {
      if let place = groups.firstIndex(where: { $0.seconds + cell.seconds <= taskSeconds }) {
        groups[place].cells.append(cell.name)
        groups[place].seconds += cell.seconds
      } else {
        groups.append(([cell.name], cell.seconds))
      }
    }
    return groups.enumerated().sorted {
      ($1.element.seconds, $0.offset) < ($0.element.seconds, $1.offset)
    }.map { Task(cells: $0.element.cells, seconds: $0.element.seconds) }
  }
}
