import ArgumentParser

/// `--set`, which takes all that follows it up to the next option, and so may take the arguments of its
/// command too.
struct OverridesOption: ParsableArguments {
  @Option(
    name: .customLong("set"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "Change keys of the specification; takes several keys; may be repeated.",
      valueName: "key=value"))
  var overrides: [String] = []

  /// The command's argument, given back if --set took it.
  /// - Parameters:
  ///   - given: what the command was given; nil for none.
  ///   - name: the argument's, for the error if there is none.
  mutating func separating(_ given: String?, _ name: String) throws -> String {
    if let given { return given }
    guard let place = overrides.firstIndex(where: { !$0.contains("=") }) else {
      throw ValidationError("Missing expected argument '<\(name)>'")
    }
    return overrides.remove(at: place)
  }
}
