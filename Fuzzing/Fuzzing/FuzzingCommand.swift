import ArgumentParser
import CFuzzing
import Foundation
import TestSupport

/// Tries changed inputs on every reader of the package. The process ends at the first crash or hang, with the
/// input's number; tools/check_hostile.py goes on behind it.
@main
struct FuzzingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pfedla-fuzzing",
    abstract: "Try changed inputs on a reader and look for crashes, hangs and large allocations.")

  @Argument(help: "The reader; none lists them with their shares.")
  var target: String?

  @Option(help: "How many inputs to try.")
  var inputs = 1000

  @Option(help: "The number of the first input.")
  var first = 0

  @Option(help: "The seed of all inputs.")
  var seed: UInt64 = 1

  @Option(help: "Write the last input to this file.")
  var keep: String?

  private static let targets =
    Target.images + Target.ownFiles + Target.texts + Target.partitions + Target.results

  func run() throws {
    guard let name = target else {
      for target in Self.targets {
        print(
          "\(target.name) \(target.share) \(target.isSealed ? "sealed" : "open") \(target.summary)")
      }
      return
    }
    guard let target = Self.targets.first(where: { $0.name == name }) else {
      throw ValidationError(
        "target: found \(name), expected one of \(Self.targets.map(\.name).joined(separator: ", "))"
      )
    }
    let folder = try TemporaryFolder()
    let prepared = try target.prepare(folder.path)
    fuzzing_start(5)
    var tally = Tally()
    for number in first..<first + inputs {
      var mutator = Mutator(seed: seed, number: UInt64(number), words: target.words)
      let input: [UInt8]
      if let make = prepared.make {
        input = make(&mutator)
      } else {
        let start = mutator.one(of: prepared.corpus)
        let other = mutator.one(of: prepared.corpus)
        input = mutator.mutated(start, other: other)
      }
      if let keep, number == first + inputs - 1 { try write(input, to: keep) }
      let start = ContinuousClock.now
      fuzzing_begin(UInt64(number))
      var line: String?
      do {
        try prepared.read(input)
      } catch let error as FuzzingError {
        // The fuzzer's own.
        throw error
      } catch {
        line = "\(error)"
      }
      let bytes = fuzzing_end()
      let faults = tally.enter(
        number, line: line, bytes: Int(bytes), inputBytes: input.count, time: .now - start)
      // At once: a later input may end the process.
      for fault in faults { print("FAULT \(name) \(fault)") }
      if !faults.isEmpty { fflush(nil) }
    }
    print(tally.line(name))
    if tally.faultCount > 0 { throw ExitCode(1) }
  }
}

/// What the inputs did.
struct Tally {
  private var count = 0
  private var refused = 0
  private var longest = Duration.zero
  private var largest = 0
  /// How often an input did what none may do.
  private(set) var faultCount = 0

  /// - Returns: what the input did that none may do.
  mutating func enter(
    _ number: Int, line: String?, bytes: Int, inputBytes: Int, time: Duration
  ) -> [String] {
    var faults: [String] = []
    count += 1
    if let line {
      refused += 1
      if line.contains(where: \.isNewline) || line.utf8.count > 4000 || line.isEmpty {
        faults.append("input \(number): not one short line: \(line.prefix(300).debugDescription)")
      }
    }
    longest = max(longest, time)
    largest = max(largest, bytes)
    if bytes > 10 * inputBytes + 64 << 20 {
      faults.append("input \(number): \(bytes) bytes allocated for \(inputBytes) bytes of input")
    }
    faultCount += faults.count
    return faults
  }

  func line(_ name: String) -> String {
    let milliseconds = Int(longest / .milliseconds(1))
    return
      "\(name): \(count) inputs, \(refused) refused, longest \(milliseconds) ms, largest allocation "
      + "\(largest >> 20) MiB, \(faultCount) faults"
  }
}
