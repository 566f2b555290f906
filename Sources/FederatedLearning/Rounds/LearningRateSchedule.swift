import Foundation

/// How the clients' learning rate changes from round to round. In a round it is the same for every client and step.
public struct LearningRateSchedule: Sendable, Hashable {
  /// The course of the rate η_r in round r = 1, 2, …, from the run's learning rate η.
  public enum Kind: String, Sendable, CaseIterable {
    /// η_r = η.
    case constant
    /// η_r = η · factorᵏ with k = ⌊(r − 1) / rounds⌋.
    case step
    /// η_r = η · ½ · (1 + cos(π · (r − 1) / rounds)); after so many rounds it stays as it was in the last of them.
    case cosine
  }

  /// The course.
  public let kind: Kind
  /// Rounds between two steps, or of half a wave; at least 1 unless the rate is constant.
  public let rounds: Int
  /// What each step multiplies the rate by.
  public let factor: Float

  /// A course.
  public init(_ kind: Kind, rounds: Int, factor: Float = 0.1) {
    self.kind = kind
    self.rounds = rounds
    self.factor = factor
  }

  /// The same rate in every round.
  public static let constant = LearningRateSchedule(.constant, rounds: 0)

  /// The rate of a round, computed in double precision and rounded once.
  /// - Parameters:
  ///   - base: η.
  ///   - round: r, from 1.
  public func rate(_ base: Float, round: Int) -> Float {
    guard rounds > 0 else { return base }
    switch kind {
    case .constant: return base
    case .step:
      var rate = Double(base)
      // One product after another: a power of the C library may round differently elsewhere. Far beyond 0 nothing changes.
      for _ in 0..<min((round - 1) / rounds, 2000) { rate *= Double(factor) }
      return Float(rate)
    case .cosine:
      let share = Double(min(round, rounds) - 1) / Double(rounds)
      return Float(Double(base) * 0.5 * (1 + cos(Double.pi * share)))
    }
  }
}
