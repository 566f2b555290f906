import Foundation

/// A claim of the paper, or a part of one, judged by our runs.
public struct Claim: Sendable, Equatable {
  /// Which of the paper's claims: 1 … 4.
  public let number: Int
  /// Which part of it, such as `table1, cifar10, 10 clients`; empty for the whole claim.
  public let part: String
  /// What is claimed.
  public let statement: String
  /// What our runs say.
  public let verdict: Verdict
  /// Why, in plain words with the numbers.
  public let explanation: String
  /// The contrast behind the verdict; nil if there are several, or no runs.
  public let contrast: JudgedContrast?

  /// A judged claim.
  public init(
    number: Int, part: String = "", statement: String, verdict: Verdict, explanation: String,
    contrast: JudgedContrast? = nil
  ) {
    self.number = number
    self.part = part
    self.statement = statement
    self.verdict = verdict
    self.explanation = explanation
    self.contrast = contrast
  }

  /// The whole of a claim that is made of each part.
  init(number: Int, statement: String, parts: [Claim], missing: String) {
    let verdict = Verdict(ofAll: parts.map(\.verdict))
    let explanation: String
    if parts.isEmpty {
      explanation = missing.capitalisedFirst + "."
    } else if parts.allSatisfy({ $0.verdict == .inconclusive }) {
      explanation =
        "No part is conclusive: " + Self.inconclusiveReason(parts.compactMap(\.contrast)) + "."
    } else {
      explanation = Verdict.allCases.compactMap { verdict in
        let names = parts.filter { $0.verdict == verdict }.map(\.part)
        return names.isEmpty
          ? nil : "\(verdict.rawValue.capitalisedFirst): \(names.joined(separator: "; "))."
      }.joined(separator: " ")
    }
    self.init(number: number, statement: statement, verdict: verdict, explanation: explanation)
  }

  /// Why no contrast of several is conclusive.
  static func inconclusiveReason(_ contrasts: [JudgedContrast]) -> String {
    let count = contrasts.map(\.contrast.count).max() ?? 0
    return JudgedContrast.shortage(count)
      ?? "\(JudgedContrast.seeds(count)) leave every interval too wide"
  }
}

/// A part of a claim before it is judged with the others.
struct ClaimPart {
  let part: String
  let statement: String
  let contrast: SeedContrast
  /// The reasons in words.
  let explanation: (JudgedContrast) -> String
  /// Whether something that was counted, not tested, contradicts the claim.
  var isContradicted = false

  /// Judges parts as one family.
  static func judged(_ parts: [ClaimPart], number: Int) -> [Claim] {
    zip(parts, JudgedContrast.family(parts.map(\.contrast))).map { part, judged in
      let hasSeeds = judged.contrast.count >= Verdict.fewestSeeds
      return Claim(
        number: number, part: part.part, statement: part.statement,
        verdict: hasSeeds && part.isContradicted ? .refuted : judged.verdict,
        explanation: part.explanation(judged),
        contrast: judged.contrast.count == 0 ? nil : judged)
    }
  }
}

extension String {
  /// The text with its first letter in upper case.
  var capitalisedFirst: String { prefix(1).uppercased() + dropFirst() }
}
