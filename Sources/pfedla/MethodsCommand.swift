import ArgumentParser
import FederatedLearning

/// `pfedla methods`: what a specification's `method` can be.
struct MethodsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "methods",
    abstract: "List the federated methods with their keys and defaults.",
    discussion: """
      Keys are given in a specification under methods.<name>, or as --set methods.<name>.<key>=value.

      Example:
        pfedla methods
      """)

  @Flag(help: "Print the names alone.")
  var names = false

  func run() {
    if names {
      for method in MethodRegistry.all { print(method.information.name) }
      return
    }
    for method in MethodRegistry.all.map({ $0.information }) {
      print("\(method.name)  \(method.title). \(method.reference)")
      for option in method.options {
        print("    \(option.key): \(option.defaultValue)   (\(option.expectation))")
        print("        \(option.summary)")
      }
    }
  }
}
