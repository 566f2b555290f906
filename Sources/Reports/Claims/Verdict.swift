/// What our runs say about a claim, which is always that a mean over seeds lies above a reference.
///
/// The rule, for a contrast in a family of m: with fewer than three seeds nothing is concluded. Else
/// the contrast is
///
/// - **supported** where the p-value of the paired t test, by Holm's correction over the family, is
///   below 5 % and the mean lies above the reference by at least the smallest difference that matters;
/// - **refuted** if it lies as far below;
/// - **too close to matter** if the t interval of confidence 1 − 5 %/m (Bonferroni's, so that all
///   intervals of the family hold together) lies wholly within the smallest difference of the reference;
/// - **inconclusive** otherwise.
///
/// No two of these meet, since the interval contains the mean. A difference that is significant but
/// smaller than what matters is too close to matter if its interval says so, otherwise inconclusive: it is
/// real, but whether it matters is open.
public enum Verdict: String, Sendable, CaseIterable {
  /// Significantly so, by at least the smallest difference that matters.
  case supported
  /// Significantly the other way, by at least as much.
  case refuted
  /// Shown to be smaller than what matters.
  case tooCloseToMatter = "too close to matter"
  /// Too few seeds, runs that are missing, or an interval too wide.
  case inconclusive

  /// The error that a family's tests share.
  public static let significance = 0.05
  /// Below this number of seeds nothing is concluded.
  public static let fewestSeeds = 3

  /// The verdict on a claim that is made of each of its parts: refuted if one is, supported only if all
  /// are, too close to matter if the others are supported.
  public init(ofAll parts: [Verdict]) {
    self =
      parts.contains(.refuted)
      ? .refuted
      : parts.isEmpty || parts.contains(.inconclusive)
        ? .inconclusive : parts.contains(.tooCloseToMatter) ? .tooCloseToMatter : .supported
  }
}
