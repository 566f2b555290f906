/// The versions behind a result, as recorded in it.
public enum CodeVersion {
  /// The version of this package.
  public static let current = "0.2.0"

  /// The version of the numerics. Two programs with the same one give the same bits for the same
  /// specification and data; it is raised by one whenever the bits of any result may change for a reason
  /// other than its specification (CONTRIBUTING.md says when). Results, checkpoints and sidecars hold it,
  /// a cell's name depends on it, and a run does not resume from a checkpoint of another version.
  ///
  /// Results from before there was such a number read as 0.
  public static let numerics = 2

  /// Both, as `pfedla --version` prints them.
  public static var description: String { "\(current) (numerics version \(numerics))" }

  /// The compiler's language version.
  public static var compiler: String {
    #if compiler(>=6.4)
      "Swift 6.4 or newer"
    #elseif compiler(>=6.3)
      "Swift 6.3"
    #elseif compiler(>=6.2)
      "Swift 6.2"
    #elseif compiler(>=6.1)
      "Swift 6.1"
    #else
      "Swift 6.0"
    #endif
  }
}
