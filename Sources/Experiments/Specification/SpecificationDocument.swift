import Foundation
import Partitioning
import Yams

/// The text of a specification and the changes given on the command line, before any key is read.
public struct SpecificationDocument: Sendable {
  /// The file's path as the user gave it.
  public let file: String
  /// Its text, verbatim.
  public let text: String
  /// `key=value` texts in the order given; keys are dotted, such as `dataset.name`.
  public let overrides: [String]
  /// The sweep's file, if the text was generated from one, so that its lines cannot be looked up; otherwise nil.
  var sweepFile: String?

  /// Reads the file. Throws `SpecificationError` if it cannot be read as UTF-8 text.
  public init(file: String, overrides: [String] = []) throws {
    var status = stat()
    guard stat(file, &status) == 0 else {
      throw SpecificationError(
        "\(file): no such file, expected a specification in YAML (see experiments/)")
    }
    guard status.st_mode & S_IFMT == S_IFREG || status.st_mode & S_IFMT == S_IFIFO else {
      throw SpecificationError("\(file): is no file, expected a specification in YAML")
    }
    guard status.st_size <= BoundedYAML.mostBytes else {
      throw SpecificationError(
        "\(file): \(status.st_size) bytes, expected a specification of at most \(BoundedYAML.mostBytes)"
      )
    }
    guard let data = FileManager.default.contents(atPath: file),
      let text = String(data: data, encoding: .utf8)
    else { throw SpecificationError("\(file): cannot be read as UTF-8 text") }
    self.init(file: file, text: text, overrides: overrides)
  }

  /// A specification that is already in memory.
  public init(file: String, text: String, overrides: [String] = []) {
    self.file = file
    self.text = text
    self.overrides = overrides
  }

  /// The error of a key of the partition, with the place where the key is set.
  func located(_ error: PartitionError) -> SpecificationError {
    let isOverridden = overrides.contains {
      $0.hasPrefix("\(error.subject)=") || $0.hasPrefix("partition=")
    }
    // The file of a sweep without the run's place in it: all runs with this error have one reason.
    return SpecificationError("\(isOverridden ? "--set" : (sweepFile ?? file) + ":") \(error)")
  }

  /// The start of a text that somebody gave, as an error shows it.
  private static func short(_ text: String, _ length: Int = 120) -> String {
    text.count > length ? "\(text.prefix(length))…" : text
  }

  /// The tree of keys with the overrides applied. An override of `partition.file` replaces the
  /// file's whole `partition` section.
  func reader() throws -> ConfigurationReader {
    var root: Node
    do {
      root = try BoundedYAML.compose(text, place: file) ?? Node.mapping([:])
    } catch let error as YamlError {
      throw SpecificationError("\(file): not valid YAML: \(Self.short(Self.oneLine(error), 300))")
    }
    var source = ConfigurationReader.Source(file: file, hasLines: sweepFile == nil)
    for override in overrides {
      guard let equals = override.firstIndex(of: "="), equals != override.startIndex else {
        throw SpecificationError(
          "--set \(Self.short(override)): expected key=value, such as --set rounds=2 or "
            + "--set dataset.name=cifar10")
      }
      let key = String(override[..<equals])
      let text = String(override[override.index(after: equals)...])
      let parts = key.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count <= 8, key.count <= 200 else {
        throw SpecificationError(
          "--set \(key.prefix(60))…: no key is that long; see pfedla methods")
      }
      guard !text.allSatisfy(\.isWhitespace) else {
        throw SpecificationError(
          "--set \(key)=: found nothing, expected a value; leave --set out for the default")
      }
      let value: Node
      do {
        value = try BoundedYAML.compose(text, place: "--set \(key)") ?? Node("")
      } catch let error as YamlError {
        throw SpecificationError(
          "--set \(Self.short(override)): not valid YAML: \(Self.short(Self.oneLine(error), 300))")
      }
      root = Self.replacing(parts.map(String.init)[...], in: root, by: value)
      source.overridden.insert(key)
    }
    return try ConfigurationReader(Self.replacingScheme(in: root, source), source: source)
  }

  /// The tree without the partition's scheme and its keys where a partition file was given on the command
  /// line: the file replaces them. What the command line says besides the file stays, to be refused.
  private static func replacingScheme(in root: Node, _ source: ConfigurationReader.Source) -> Node {
    guard source.overridden.contains("partition.file"), !source.overridden.contains("partition"),
      var tree = root.mapping, var section = tree["partition"]?.mapping,
      let file = section["file"], !ConfigurationReader.isNull(file)
    else { return root }
    for key in section.keys.compactMap(\.string)
    where key != "file" && !source.overridden.contains("partition.\(key)") {
      section[Node(key)] = nil
    }
    tree["partition"] = .mapping(section)
    return .mapping(tree)
  }

  /// The tree with the value under a path of keys replaced.
  static func replacing(_ path: ArraySlice<String>, in node: Node, by value: Node) -> Node {
    guard let key = path.first else { return value }
    var mapping = node.mapping ?? Node.Mapping([])
    let old = mapping[Node(key)] ?? Node.mapping([:])
    mapping[Node(key)] = replacing(path.dropFirst(), in: old, by: value)
    return .mapping(mapping)
  }

  private static func oneLine(_ error: YamlError) -> String {
    "\(error)".split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .joined(separator: " ")
  }
}
