import ArgumentParser
import FederatedLearning
import Support

/// `pfedla methods`: the possible values of a specification's `method`.
struct MethodsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "methods",
    abstract: "List the federated methods: name, paper, equations, keys and defaults.",
    discussion: """
      Set keys in a specification under methods.<name>, or with --set methods.<name>.<key>=value. \
      Documentation/methods.md maps each equation to its code.

      Examples:
        pfedla methods
        pfedla methods pfedla fedrep
        pfedla methods --names
      """)

  @Argument(help: "Methods to show. Default: all.")
  var methods: [String] = []

  @Flag(help: "Print only the names.")
  var names = false

  func validate() throws {
    let known = MethodRegistry.names
    for name in methods where !known.contains(name) {
      let advice = suggestion(for: name, among: known).map { "; \($0)" } ?? ""
      throw ValidationError(
        "\(name): no such method, expected one of \(known.joined(separator: ", "))\(advice)")
    }
  }

  func run() {
    let all = MethodRegistry.all.map { $0.information }
    let shown = methods.isEmpty ? all : all.filter { methods.contains($0.name) }
    guard !names else {
      for method in shown { print(method.name) }
      return
    }
    print(shown.map(Self.describe).joined(separator: "\n\n"))
  }

  private static func describe(_ method: MethodInformation) -> String {
    let publication = [method.paper, method.year.map(String.init)].compactMap { $0 }
      .joined(separator: " ")
    var lines = ["\(method.name): \(method.title)"]
    if !publication.isEmpty { lines.append("  paper      \(publication)") }
    lines.append("  equations  \(method.equations)")
    for option in method.options {
      lines.append("  \(option.key) = \(option.defaultValue)   (\(option.expectation))")
      lines += wrapped(option.summary, width: 92).map { "      \($0)" }
    }
    return lines.joined(separator: "\n")
  }

  private static func wrapped(_ text: String, width: Int) -> [String] {
    text.split(separator: " ").reduce(into: [""]) { lines, word in
      let last = lines.count - 1
      if lines[last].isEmpty {
        lines[last] = String(word)
      } else if lines[last].count + 1 + word.count <= width {
        lines[last] += " \(word)"
      } else {
        lines.append(String(word))
      }
    }
  }
}
