import Support

/// One setting of a partition as it is recorded: the key as in the specification, and its value in
/// YAML's notation.
public struct PartitionSetting: Equatable, Sendable {
  /// The key without the section's name, for example `samples_per_client`.
  public let key: String
  /// The value as text, for example `600` or `[[0, 1], [2, 3]]`.
  public let value: String

  /// A recorded setting.
  public init(_ key: String, _ value: String) {
    self.key = key
    self.value = value
  }
}

/// The `partition` section of a specification as it was written: keys and values, not yet checked.
///
/// It decodes from any YAML or JSON mapping. Each scheme reads its own keys from it, so a new
/// scheme brings its keys along without a change here.
public struct PartitionSettings: Decodable, Equatable, Sendable {
  /// A value of the section.
  public enum Value: Decodable, Equatable, Sendable, CustomStringConvertible {
    /// A whole number.
    case integer(Int)
    /// A number that is not whole.
    case number(Double)
    /// Any other scalar.
    case text(String)
    /// A sequence.
    case list([Value])

    /// Decodes a number, a text or a sequence of those.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let integer = try? container.decode(Int.self) {
        self = .integer(integer)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else if let list = try? container.decode([Value].self) {
        self = .list(list)
      } else {
        self = .text((try? container.decode(String.self)) ?? "null")
      }
    }

    /// The value in YAML's flow notation; a text stands in quotation marks.
    public var description: String {
      switch self {
      case .integer(let integer): "\(integer)"
      case .number(let number): "\(number)"
      case .text(let text): "\"\(text)\""
      case .list(let list): "[" + list.map(\.description).joined(separator: ", ") + "]"
      }
    }
  }

  /// The values by key.
  public var values: [String: Value]
  /// The names of the dataset's selected classes, by which keys may name them; empty if they are not known.
  public var classNames: [String] = []

  /// Settings from values by key.
  public init(_ values: [String: Value], classNames: [String] = []) {
    self.values = values
    self.classNames = classNames
  }

  /// Decodes a mapping.
  public init(from decoder: any Decoder) throws {
    values = try decoder.singleValueContainer().decode([String: Value].self)
  }
}

/// Takes the values of a `partition` section one by one, checks their types, and at the end finds
/// keys that were never read.
public struct PartitionSettingReader: Sendable {
  private let scheme: String
  private let settings: PartitionSettings
  private var asked: [String] = []

  /// A reader for the keys of `scheme`; the scheme's name appears in errors.
  public init(_ settings: PartitionSettings, scheme: String) {
    self.settings = settings
    self.scheme = scheme
  }

  /// The value of `key`, or nil if the key is absent.
  public mutating func value(_ key: String) -> PartitionSettings.Value? {
    asked.append(key)
    return settings.values[key]
  }

  /// A whole number, or nil if the key is absent. Throws if it is something else.
  public mutating func integer(_ key: String) throws(PartitionError) -> Int? {
    switch value(key) {
    case nil: return nil
    case .integer(let integer): return integer
    case .some(let other):
      throw PartitionError(key: key, "found \(other), expected a whole number")
    }
  }

  /// A whole number that the scheme requires. Throws if it is absent or something else.
  public mutating func requiredInteger(_ key: String) throws(PartitionError) -> Int {
    guard let integer = try integer(key) else { throw missing(key) }
    return integer
  }

  /// A number, or nil if the key is absent. Throws if it is something else.
  public mutating func number(_ key: String) throws(PartitionError) -> Double? {
    switch value(key) {
    case nil: return nil
    case .integer(let integer): return Double(integer)
    case .number(let number): return number
    case .some(let other): throw PartitionError(key: key, "found \(other), expected a number")
    }
  }

  /// A number that the scheme requires. Throws if it is absent or something else.
  public mutating func requiredNumber(_ key: String) throws(PartitionError) -> Double {
    guard let number = try number(key) else { throw missing(key) }
    return number
  }

  /// A list of lists of classes, each a whole number or a name of the dataset's classes, as numbers; nil if the key
  /// is absent. A whole number is always the class's place, from 0, even where names are digits. Throws if it is
  /// something else.
  public mutating func classLists(_ key: String) throws(PartitionError) -> [[Int]]? {
    guard let value = value(key) else { return nil }
    let expected = "expected a list of lists of whole numbers, such as [[0, 1], [2, 3]]"
    guard case .list(let rows) = value else {
      throw PartitionError(key: key, "found \(value), \(expected)")
    }
    var lists: [[Int]] = []
    for row in rows {
      guard case .list(let elements) = row else {
        throw PartitionError(key: key, "found \(row) in the list, \(expected)")
      }
      var list: [Int] = []
      for element in elements {
        switch element {
        case .integer(let integer): list.append(integer)
        case .text(let name) where !settings.classNames.isEmpty:
          list.append(try classNumber(name, key))
        default: throw PartitionError(key: key, "found \(element) in a list, \(expected)")
        }
      }
      lists.append(list)
    }
    return lists
  }

  /// The number of the class with a name.
  private func classNumber(_ name: String, _ key: String) throws(PartitionError) -> Int {
    let known = settings.classNames
    guard let index = known.firstIndex(of: name) else {
      throw PartitionError(
        key: key,
        "found the unknown class \"\(name)\"\(bracketedSuggestion(for: name, among: known, quoted: true)), expected "
          + "a number from 0 to \(known.count - 1) or one of \(known.joined(separator: ", "))")
    }
    return index
  }

  /// The error of a key that is absent and has no default.
  public func missing(_ key: String) -> PartitionError {
    PartitionError(key: key, "missing, and the scheme \(scheme) has no default for it")
  }

  /// Throws if the section has a key that was never read, with the nearest known key.
  public func finish() throws(PartitionError) {
    let unknown = settings.values.keys.filter { !asked.contains($0) }.min()
    guard let unknown else { return }
    let advice =
      suggestion(for: unknown, among: asked)
      ?? "it knows \(asked.joined(separator: ", "))"
    throw PartitionError(key: unknown, "unknown key for the scheme \(scheme); \(advice)")
  }
}
