/// Numbers of things, for readers.
public enum Counted {
  /// `1 run`, `2 runs`.
  public static func words(_ number: Int, _ thing: String) -> String {
    "\(number) \(thing)\(number == 1 ? "" : "s")"
  }

  /// `2 of 4 runs`, or `the only run`.
  public static func words(_ part: Int, of all: Int, _ thing: String) -> String {
    all == 1 && part == 1 ? "the only \(thing)" : "\(part) of \(words(all, thing))"
  }
}
