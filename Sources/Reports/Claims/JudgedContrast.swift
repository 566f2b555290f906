import Foundation
import Support

/// A contrast with what its family makes of it.
public struct JudgedContrast: Sendable, Equatable {
  /// The numbers.
  public let contrast: SeedContrast
  /// The p-value by Holm's correction over the family; NaN for fewer than two seeds.
  public let holmProbability: Double
  /// The t interval at Bonferroni's confidence for the family; nil for fewer than two seeds.
  public let correctedInterval: ClosedRange<Double>?
  /// The verdict, by the rule of `Verdict`.
  public let verdict: Verdict

  private init(_ contrast: SeedContrast, holmProbability: Double, familySize: Int) {
    self.contrast = contrast
    self.holmProbability = holmProbability
    correctedInterval = contrast.interval(
      confidence: 1 - Verdict.significance / Double(familySize))
    let lead = contrast.mean - contrast.reference
    guard contrast.count >= Verdict.fewestSeeds, let interval = correctedInterval else {
      verdict = .inconclusive
      return
    }
    let margin = contrast.smallestDifference
    if holmProbability < Verdict.significance, abs(lead) >= margin {
      verdict = lead > 0 ? .supported : .refuted
    } else if interval.lowerBound > contrast.reference - margin,
      interval.upperBound < contrast.reference + margin
    {
      verdict = .tooCloseToMatter
    } else {
      verdict = .inconclusive
    }
  }

  /// Judges contrasts that were planned together, in the order given; one without seeds counts in the
  /// family's size.
  public static func family(_ contrasts: [SeedContrast]) -> [JudgedContrast] {
    zip(contrasts, HolmCorrection.adjusted(contrasts.map(\.probability))).map {
      JudgedContrast($0, holmProbability: $1, familySize: contrasts.count)
    }
  }

  // MARK: Text

  /// `1 seed`, `3 seeds`.
  static func seeds(_ count: Int) -> String { count == 1 ? "1 seed" : "\(count) seeds" }

  /// Why nothing can be concluded from so few seeds; nil if there are enough.
  static func shortage(_ count: Int) -> String? {
    switch count {
    case 0: "no finished runs to pair"
    case ..<Verdict.fewestSeeds: "\(seeds(count)); at least \(Verdict.fewestSeeds) are needed"
    default: nil
    }
  }

  /// Seeds, interval, p-values and effect size, for a reader.
  /// - Parameters:
  ///   - unit: of the differences.
  ///   - number: a difference with its sign.
  func text(unit: String, _ number: (Double) -> String = CellAccuracy.difference) -> String {
    if let shortage = Self.shortage(contrast.count) { return shortage }
    guard let interval = contrast.interval() else { return "" }
    let texts = [
      "95 % interval \(number(interval.lowerBound)) to \(number(interval.upperBound)) \(unit)",
      Self.text("p", contrast.probability), Self.text("Holm's p", holmProbability),
      contrast.signedRank.map { Self.text("Wilcoxon's p", $0.probability) },
      contrast.effectSize.isNaN
        ? nil : "Hedges' g \(CellAccuracy.difference(contrast.effectSize))",
    ]
    return "\(Self.seeds(contrast.count)): " + texts.compactMap { $0 }.joined(separator: ", ")
  }

  /// A p-value by its name.
  static func text(_ name: String, _ probability: Double) -> String {
    probability < 0.0001 ? "\(name) < 0.0001" : String(format: "\(name) = %.4f", probability)
  }

  // MARK: CSV

  /// The columns of `csvFields`.
  static let csvColumns = [
    "seeds", "mean_difference", "sd", "interval_low", "interval_high", "corrected_interval_low",
    "corrected_interval_high", "t_p", "holm_p", "wilcoxon_p", "effect_size", "reference",
    "smallest_difference",
  ]

  /// The numbers in full; what there is not is empty.
  var csvFields: [String] {
    let interval = contrast.interval()
    let numbers = [
      contrast.mean, contrast.standardDeviation, interval?.lowerBound, interval?.upperBound,
      correctedInterval?.lowerBound, correctedInterval?.upperBound, contrast.probability,
      holmProbability, contrast.signedRank?.probability, contrast.effectSize, contrast.reference,
      contrast.smallestDifference,
    ]
    return ["\(contrast.count)"] + numbers.map { $0.map(CSV.number) ?? "" }
  }
}
