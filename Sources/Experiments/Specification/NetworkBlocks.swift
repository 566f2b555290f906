import NeuralNetworks
import Support
import Yams

/// A network that a specification writes down block by block, as the value of `model.architecture`:
///
///     - convolution: {channels: 32, kernel: 5, padding: 2}
///     - relu
///     - maximum-pooling: 2
///     - fully-connected: classes
///
/// The same in one line is how results record it.
package struct NetworkBlocks: Sendable, Equatable {
  /// A block as it is written.
  indirect enum Entry: Sendable, Equatable {
    case convolution(name: String?, channels: Int, kernel: Int, padding: Int)
    case batchNormalisation(name: String?)
    case groupNormalisation(name: String?, groups: Int)
    case relu
    case maximumPooling(Int)
    /// Nil: of the whole image.
    case averagePooling(Int?)
    case dropout(Float)
    case residual([Entry])
    /// Nil: as many as there are classes.
    case fullyConnected(name: String?, features: Int?)
  }

  /// What is wrong with a block.
  struct Problem: Error {
    /// Counted from 1; nil if it is not known.
    let line: Int?
    let words: String

    init(_ node: Node, _ words: String) { self.init(line: node.mark?.line, words) }

    init(line: Int?, _ words: String) { (self.line, self.words) = (line, words) }
  }

  let entries: [Entry]

  /// Blocks in all, at most: a guard against texts that nobody means.
  private static let mostBlocks = 500

  /// Reads a list of blocks. Throws `Problem`.
  init(_ node: Node) throws {
    var count = 0
    entries = try Self.entries(node, &count)
  }

  /// Reads the line that results record. Throws `SpecificationError` or `YamlError`.
  package init(text: String) throws {
    guard let node = try BoundedYAML.compose(text, place: "model.architecture") else {
      throw SpecificationError("model.architecture: found nothing, expected blocks")
    }
    do {
      try self.init(node)
    } catch let problem as Problem {
      throw SpecificationError("model.architecture: \(problem.words)")
    }
  }

  /// Whether a text is such a line.
  static func isBlocks(_ text: String) -> Bool { text.hasPrefix("[") }

  /// The network: layers without a name are called conv1, conv2, bn1, gn1, fc1, … in their order.
  package var network: NetworkDescription {
    NetworkDescription(name: text, summary: "as the specification lists it") { input in
      var numbers: [String: Int] = [:]
      return Self.blocks(entries, classCount: input.classCount, &numbers)
    }
  }

  private static func blocks(
    _ entries: [Entry], classCount: Int, _ numbers: inout [String: Int]
  ) -> [Architecture.Block] {
    func name(_ given: String?, _ kind: String) -> String {
      numbers[kind, default: 0] += 1
      return given ?? "\(kind)\(numbers[kind, default: 0])"
    }
    return entries.map { entry in
      switch entry {
      case .convolution(let given, let channels, let kernel, let padding):
        .convolution(
          name: name(given, "conv"), outChannels: channels, kernelSize: kernel, padding: padding)
      case .batchNormalisation(let given): .batchNormalisation(name: name(given, "bn"))
      case .groupNormalisation(let given, let groups):
        .groupNormalisation(name: name(given, "gn"), groups: groups)
      case .relu: .relu
      case .maximumPooling(let size): .maximumPooling(size: size)
      case .averagePooling(let size): .averagePooling(size: size)
      case .dropout(let rate): .dropout(rate: rate)
      case .residual(let branch):
        .residual(blocks(branch, classCount: classCount, &numbers))
      case .fullyConnected(let given, let features):
        .fullyConnected(name: name(given, "fc"), outFeatures: features ?? classCount)
      }
    }
  }

  // MARK: Text

  /// All blocks in one line of YAML.
  package var text: String { Self.text(entries) }

  private static func text(_ entries: [Entry]) -> String {
    "[\(entries.map(text).joined(separator: ", "))]"
  }

  private static func text(_ entry: Entry) -> String {
    func named(_ word: String, _ name: String?, _ parts: [String] = []) -> String {
      let all = (name.map { ["name: \($0)"] } ?? []) + parts
      return "{\(word): {\(all.joined(separator: ", "))}}"
    }
    switch entry {
    case .convolution(let name, let channels, let kernel, let padding):
      return named(
        "convolution", name,
        ["channels: \(channels)", "kernel: \(kernel)"]
          + (padding > 0 ? ["padding: \(padding)"] : []))
    case .batchNormalisation(nil): return "batch-normalisation"
    case .batchNormalisation(let name): return named("batch-normalisation", name)
    case .groupNormalisation(nil, let groups): return "{group-normalisation: \(groups)}"
    case .groupNormalisation(let name, let groups):
      return named("group-normalisation", name, ["groups: \(groups)"])
    case .relu: return "relu"
    case .maximumPooling(let size): return "{maximum-pooling: \(size)}"
    case .averagePooling(let size): return "{average-pooling: \(size.map(String.init) ?? "all")}"
    case .dropout(let rate): return "{dropout: \(rate)}"
    case .residual(let branch): return "{residual: \(text(branch))}"
    case .fullyConnected(let name, let features):
      let words = features.map(String.init) ?? "classes"
      return name == nil
        ? "{fully-connected: \(words)}"
        : named("fully-connected", name, ["features: \(words)"])
    }
  }

  // MARK: Reading

  private static let words = [
    "convolution", "batch-normalisation", "group-normalisation", "relu", "maximum-pooling",
    "average-pooling", "dropout", "residual", "fully-connected",
  ]

  private static func entries(_ node: Node, _ count: inout Int) throws -> [Entry] {
    guard let sequence = node.sequence, !sequence.isEmpty else {
      throw Problem(
        node,
        "found \(ConfigurationReader.describe(node)), expected a list of blocks")
    }
    return try sequence.enumerated().map { number, block in
      count += 1
      guard count <= mostBlocks else {
        throw Problem(
          block,
          "found more than \(mostBlocks) blocks, expected at most so many")
      }
      do {
        return try entry(block, &count)
      } catch let problem as Problem {
        throw Problem(line: problem.line, "block \(number + 1): \(problem.words)")
      }
    }
  }

  private static func entry(_ node: Node, _ count: inout Int) throws -> Entry {
    if let word = node.scalar?.string {
      switch word {
      case "relu": return .relu
      case "batch-normalisation": return .batchNormalisation(name: nil)
      default:
        let needsValue = words.contains(word)
        throw Problem(
          node,
          needsValue
            ? "\(word): found no value, expected one, such as \(example(of: word))"
            : "found \(ConfigurationReader.describe(node)), expected one of \(words.joined(separator: ", "))"
              + bracketedSuggestion(for: word, among: words))
      }
    }
    guard let mapping = node.mapping, mapping.count == 1, let (key, value) = mapping.first,
      let word = key.string
    else {
      throw Problem(
        node,
        "found \(ConfigurationReader.describe(node)), expected one block, such as "
          + example(of: "maximum-pooling"))
    }
    let reader = BlockReader(word: word, node: value)
    switch word {
    case "convolution":
      let keys = try reader.keys(["name", "channels", "kernel", "padding"])
      return .convolution(
        name: try reader.name(keys), channels: try reader.integer(keys, "channels", 1...65_536),
        kernel: try reader.integer(keys, "kernel", 1...31),
        padding: try reader.integer(keys, "padding", 0...30, default: 0))
    case "batch-normalisation":
      return .batchNormalisation(name: try reader.name(reader.keys(["name"])))
    case "group-normalisation":
      if value.mapping == nil {
        return .groupNormalisation(name: nil, groups: try reader.integer(1...65_536))
      }
      let keys = try reader.keys(["name", "groups"])
      return .groupNormalisation(
        name: try reader.name(keys), groups: try reader.integer(keys, "groups", 1...65_536))
    case "maximum-pooling": return .maximumPooling(try reader.integer(1...15))
    case "average-pooling":
      return .averagePooling(
        value.scalar?.string == "all" ? nil : try reader.integer(1...15, or: "all"))
    case "dropout":
      guard let rate = value.decimalNumber, rate >= 0, Float(rate) < 1 else {
        throw reader.problem(value, "a rate of at least 0 and below 1")
      }
      return .dropout(Float(rate))
    case "residual": return .residual(try entries(value, &count))
    case "fully-connected":
      if value.mapping == nil {
        return .fullyConnected(name: nil, features: try reader.features(value))
      }
      let keys = try reader.keys(["name", "features"])
      guard let features = keys["features"] else {
        throw reader.problem(value, "features: a number, or classes")
      }
      return .fullyConnected(name: try reader.name(keys), features: try reader.features(features))
    default:
      throw Problem(
        key,
        "found \(word), expected one of \(words.joined(separator: ", "))"
          + bracketedSuggestion(for: word, among: words))
    }
  }

  private static func example(of word: String) -> String {
    switch word {
    case "convolution": "convolution: {channels: 32, kernel: 5, padding: 2}"
    case "group-normalisation": "group-normalisation: 8"
    case "average-pooling": "average-pooling: all"
    case "dropout": "dropout: 0.25"
    case "residual": "residual: [relu, …]"
    case "fully-connected": "fully-connected: 512"
    default: "maximum-pooling: 2"
    }
  }
}

/// Reads the value of one block.
private struct BlockReader {
  let word: String
  let node: Node

  func problem(_ node: Node, _ expectation: String, key: String? = nil) -> NetworkBlocks.Problem {
    NetworkBlocks.Problem(
      node,
      "\(word)\(key.map { ".\($0)" } ?? ""): found \(ConfigurationReader.describe(node)), expected "
        + expectation)
  }

  /// The values by key; no other keys than these may be there.
  func keys(_ known: [String]) throws -> [String: Node] {
    guard let mapping = node.mapping else {
      throw problem(node, "keys with values: \(known.joined(separator: ", "))")
    }
    var found: [String: Node] = [:]
    for (key, value) in mapping {
      guard let name = key.string, known.contains(name) else {
        throw problem(key, "one of \(known.joined(separator: ", "))")
      }
      found[name] = value
    }
    return found
  }

  func integer(_ range: ClosedRange<Int>, or word: String? = nil) throws -> Int {
    try integer(node, range, or: word)
  }

  func integer(
    _ keys: [String: Node], _ key: String, _ range: ClosedRange<Int>, default: Int? = nil
  ) throws -> Int {
    if let value = keys[key] { return try integer(value, range, key: key) }
    if let `default` { return `default` }
    throw NetworkBlocks.Problem(
      node,
      "\(word).\(key): missing, expected a whole number in \(range.lowerBound) … "
        + "\(range.upperBound)")
  }

  private func integer(
    _ value: Node, _ range: ClosedRange<Int>, key: String? = nil, or word: String? = nil
  ) throws -> Int {
    guard let number = value.decimalInteger, range.contains(number) else {
      throw problem(
        value,
        "a whole number in \(range.lowerBound) … \(range.upperBound)\(word.map { ", or \($0)" } ?? "")",
        key: key)
    }
    return number
  }

  /// A number, or nil for as many as there are classes.
  func features(_ value: Node) throws -> Int? {
    value.scalar?.string == "classes" ? nil : try integer(value, 1...10_000_000, or: "classes")
  }

  /// A layer's name: it becomes that of a group in results.
  func name(_ keys: [String: Node]) throws -> String? {
    guard let value = keys["name"] else { return nil }
    guard let name = value.scalar?.string, name.count <= 60,
      name.wholeMatch(of: /[A-Za-z][A-Za-z0-9_-]*/) != nil
    else {
      throw problem(
        value, "a letter, then letters, digits, hyphens and underscores, 60 at most", key: "name")
    }
    return name
  }
}
