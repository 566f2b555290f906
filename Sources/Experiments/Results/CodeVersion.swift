/// What made a result, as it is recorded in it.
public enum CodeVersion {
  /// The version of this package.
  public static let current = "0.1.0"

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
