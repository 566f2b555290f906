import ArgumentParser
import Foundation

/// What to ask Slurm for.
struct ClusterResources: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A task's time. Default: the longest task's estimate times --margin, and ten minutes.",
      valueName: "[D-]HH:MM:SS"))
  var time: String?

  @Option(
    help: ArgumentHelp(
      "A task's memory. Default: the largest estimate times --margin.", valueName: "size"))
  var memory: String?

  @Option(help: "Cores of a task. Default: 2.")
  var cpus: Int?

  @Option(help: "The partition of the cluster. Default: the cluster's.")
  var partition: String?

  @Option(help: "The account that pays.")
  var account: String?

  @Option(help: "The most tasks that run at a time.")
  var limit: Int?

  @Option(
    help: ArgumentHelp(
      "A further option of sbatch, such as --sbatch=--exclude=node7; may be repeated.",
      valueName: "option"))
  var sbatch: [String] = []

  mutating func validate() throws {
    if let cpus, !(1...1024).contains(cpus) {
      throw ValidationError("--cpus: found \(cpus), expected 1 … 1024")
    }
    if let limit, !(1...100_000).contains(limit) {
      throw ValidationError("--limit: found \(limit), expected 1 … 100000")
    }
    _ = try minutes()
    _ = try megabytes()
    for (name, value) in [("--partition", partition), ("--account", account)] {
      guard let value else { continue }
      guard value.wholeMatch(of: #/[A-Za-z0-9_,.\-]{1,100}/#) != nil else {
        throw ValidationError("\(name): found \(value), expected a name of Slurm's")
      }
    }
    for option in sbatch {
      guard option.wholeMatch(of: #/--[a-z][a-z\-]*(=[^\p{Cc}]{1,200})?/#) != nil else {
        throw ValidationError(
          "--sbatch: found \(option), expected an option such as --exclude=node7")
      }
    }
  }

  /// The minutes asked for, rounded up; nil for none.
  func minutes() throws -> Int? {
    guard let time else { return nil }
    guard let match = time.wholeMatch(of: #/(?:(\d{1,3})-)?(\d{1,3}):(\d{2}):(\d{2})/#),
      let hours = Int(match.2), let minutes = Int(match.3), let seconds = Int(match.4)
    else { throw ValidationError("--time: found \(time), expected such as 08:00:00 or 2-00:00:00") }
    let days = match.1.flatMap { Int($0) } ?? 0
    let total = (days * 24 + hours) * 60 + minutes + (seconds > 0 ? 1 : 0)
    guard total >= 1 else {
      throw ValidationError("--time: found \(time), expected a minute or more")
    }
    return total
  }

  /// The megabytes asked for; nil for none.
  func megabytes() throws -> Int? {
    guard let memory else { return nil }
    guard let match = memory.wholeMatch(of: #/(\d{1,7})([MG])/#), let number = Int(match.1),
      number > 0
    else { throw ValidationError("--memory: found \(memory), expected such as 1500M or 4G") }
    return number * (match.2 == "G" ? 1024 : 1)
  }
}
