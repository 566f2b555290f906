import NeuralNetworks
import Support
import Yams

/// Reads the keys of one mapping of a YAML file, each once, and remembers them, so that keys that
/// are never read can be reported.
///
/// Errors name the file and line, or the `--set` that gave the value, the key, what was found and
/// what was expected.
struct ConfigurationReader {
  /// The file and the keys that were set on the command line.
  struct Source {
    let file: String
    var hasLines = true
    var overridden: Set<String> = []
  }

  let source: Source
  /// The keys from the root to this mapping, joined by dots; empty at the root.
  let path: String
  private let node: Node?
  private var known: [String] = []

  /// - Parameter node: the mapping; nil reads as an empty one.
  init(_ node: Node?, path: String = "", source: Source) throws {
    self.node = node
    self.path = path
    self.source = source
    guard let node, node.mapping == nil, !Self.isNull(node) else { return }
    throw error(nil, node, "found \(Self.describe(node)), expected keys with values")
  }

  // MARK: Values

  mutating func text(_ key: String) throws -> String? {
    guard let node = value(key) else { return nil }
    guard let scalar = node.scalar else {
      throw error(key, node, "found \(Self.describe(node)), expected a word or number")
    }
    return scalar.string
  }

  mutating func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, _: Choice.Type)
    throws
    -> Choice? where Choice.RawValue == String
  {
    guard let word = try text(key) else { return nil }
    if let choice = Choice(rawValue: word) { return choice }
    throw error(key, value(key), expectedWord(word, among: Choice.allCases.map(\.rawValue)))
  }

  mutating func integer(_ key: String, _ range: ClosedRange<Int>, _ expectation: String) throws
    -> Int?
  {
    guard let node = value(key) else { return nil }
    guard let number = node.decimalInteger, range.contains(number) else {
      throw error(key, node, "found \(Self.describe(node)), expected \(expectation)")
    }
    return number
  }

  mutating func number(
    _ key: String, _ expectation: String, where isAllowed: (Double) -> Bool
  ) throws -> Double? {
    guard let node = value(key) else { return nil }
    guard let number = node.decimalNumber, number.isFinite, isAllowed(number) else {
      throw error(key, node, "found \(Self.describe(node)), expected \(expectation)")
    }
    return number
  }

  /// A share of samples to set aside: 0 for none, or enough and not all of them.
  mutating func share(_ key: String) throws -> Double? {
    try number(key, "0, or a share in 0.01 … 0.99") { $0 == 0 || (0.01...0.99).contains($0) }
  }

  /// A number that is computed with in single precision. It is checked as that: 1e50 is infinite there,
  /// 1e-60 is 0, and 0.99999999999 is 1.
  mutating func float(
    _ key: String, _ expectation: String, where isAllowed: (Float) -> Bool
  ) throws -> Float? {
    guard let number = try number(key, expectation, where: { _ in true }) else { return nil }
    let single = Float(number)
    guard single.isFinite, (single == 0) == (number == 0), isAllowed(single) else {
      let found = value(key).map(Self.describe) ?? "\(number)"
      let isSame = Double("\(single)") == number
      throw error(
        key, value(key),
        "found \(found)\(isSame ? "" : Self.remark(onSinglePrecision: single)), expected "
          + expectation)
    }
    return single
  }

  /// What a number becomes in single precision, after the number.
  static func remark(onSinglePrecision single: Float) -> String {
    let words =
      single == 0 ? "is 0" : single.isFinite ? "is \(single)" : "is infinite"
    return ", which \(words) in single precision"
  }

  /// A network's name, or its blocks in one line.
  mutating func network(_ key: String) throws -> String? {
    guard let node = value(key) else { return nil }
    do {
      if node.sequence != nil { return try NetworkBlocks(node).text }
      if let text = node.scalar?.string, NetworkBlocks.isBlocks(text) {
        return try NetworkBlocks(text: text).text
      }
    } catch let problem as NetworkBlocks.Problem {
      throw error(key, line: problem.line, problem.words)
    }
    let names = NetworkRegistry.names
    guard let name = node.scalar?.string, names.contains(name) else {
      throw error(
        key, node,
        node.scalar.map { expectedWord($0.string, among: names) + ", or a list of blocks" }
          ?? "found \(Self.describe(node)), expected a network's name or a list of blocks")
    }
    return name
  }

  mutating func flag(_ key: String) throws -> Bool? {
    guard let node = value(key) else { return nil }
    guard let flag = node.bool else {
      throw error(key, node, "found \(Self.describe(node)), expected true or false")
    }
    return flag
  }

  mutating func texts(_ key: String) throws -> [String]? {
    guard let node = value(key) else { return nil }
    guard let sequence = node.sequence else {
      throw error(key, node, "found \(Self.describe(node)), expected a list such as [a, b]")
    }
    return try sequence.map { element in
      guard let scalar = element.scalar else {
        throw error(key, element, "found \(Self.describe(element)), expected a word or number")
      }
      return scalar.string
    }
  }

  /// A list of words; nil if the key is absent or is that word, such as `all`.
  mutating func texts(_ key: String, unless word: String) throws -> [String]? {
    if let node = value(key), node.scalar?.string == word { return nil }
    return try texts(key)
  }

  /// The mapping under a key; an absent one reads as empty.
  mutating func section(_ key: String) throws -> ConfigurationReader {
    try ConfigurationReader(value(key), path: fullKey(key), source: source)
  }

  /// The keys that are present, in the order of the file.
  var keys: [String] { node?.mapping?.keys.compactMap(\.string) ?? [] }

  /// The raw value of a key.
  mutating func value(_ key: String) -> Node? {
    if !known.contains(key) { known.append(key) }
    guard let value = node?.mapping?[Node(key)], !Self.isNull(value) else { return nil }
    return value
  }

  // MARK: Errors

  /// Throws if there is a key that was never read, and suggests the nearest known one.
  func finish() throws {
    guard let unknown = keys.first(where: { !known.contains($0) }) else { return }
    let advice =
      suggestion(for: unknown, among: known)
      ?? "known keys: \(known.joined(separator: ", "))"
    // The key's own line: a value may begin on the next one.
    throw error(
      unknown, node?.mapping?.keys.first { $0.string == unknown }, "unknown key; \(advice)")
  }

  func missing(_ key: String, _ expectation: String) -> SpecificationError {
    SpecificationError("\(source.file): \(fullKey(key)): missing, expected \(expectation)")
  }

  func error(_ key: String?, _ node: Node?, _ problem: String) -> SpecificationError {
    error(key, line: node?.mark?.line, problem)
  }

  func error(_ key: String?, line: Int?, _ problem: String) -> SpecificationError {
    let name = key.map(fullKey) ?? path
    if source.overridden.contains(where: { $0 == name || $0.hasPrefix(name + ".") }) {
      return SpecificationError("--set \(name): \(problem)")
    }
    let line = source.hasLines ? line.map { ", line \($0)" } ?? "" : ""
    return SpecificationError(
      "\(source.file)\(line): \(name.isEmpty ? "" : "\(name): ")\(problem)")
  }

  func expectedWord(_ found: String, among words: [String]) -> String {
    "found \(found), expected one of \(words.joined(separator: ", "))"
      + bracketedSuggestion(for: found, among: words)
  }

  private func fullKey(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// What was found, shortened; a quoted text with its quotes.
  static func describe(_ node: Node) -> String {
    guard let scalar = node.scalar else {
      return node.sequence != nil ? "a list" : "keys with values"
    }
    let text = scalar.string.count > 80 ? scalar.string.prefix(80) + "…" : scalar.string
    switch scalar.style {
    case .doubleQuoted: return "\"\(text)\""
    case .singleQuoted: return "'\(text)'"
    default: return text.isEmpty ? "nothing" : text
    }
  }

  static func isNull(_ node: Node) -> Bool {
    node.scalar.map { $0.string.isEmpty || $0.string == "~" || $0.string == "null" } ?? false
  }
}
