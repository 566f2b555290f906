import Synchronization

/// How long a federation has spent in each phase of its rounds. Measured by the thread that leads the rounds; changes no
/// number.
public final class PhaseTimes: Sendable {
  /// A phase.
  public enum Phase: String, Sendable, CaseIterable, CodingKeyRepresentable, Codable {
    /// The server makes the models that it sends.
    case sending
    /// Clients train.
    case training
    /// The server aggregates what they sent.
    case aggregation
    /// Models are evaluated.
    case evaluation
    /// Checkpoints are written.
    case saving
  }

  private let durations = Mutex<[Phase: Duration]>([:])

  /// No time yet.
  public init() {}

  /// Does something and adds its duration to a phase.
  public func measure<Result>(_ phase: Phase, _ body: () throws -> Result) rethrows -> Result {
    let start = ContinuousClock.now
    defer {
      let duration = ContinuousClock.now - start
      durations.withLock { $0[phase, default: .zero] += duration }
    }
    return try body()
  }

  /// Seconds of each phase so far.
  public var seconds: [Phase: Double] {
    let measured = durations.withLock { $0 }
    return Dictionary(
      uniqueKeysWithValues: Phase.allCases.map { phase in
        let (seconds, attoseconds) = (measured[phase] ?? .zero).components
        return (phase, Double(seconds) + Double(attoseconds) * 1e-18)
      })
  }
}
