/// A key of a run's specification with the value in force.
public struct RunSetting: Sendable, Equatable {
  /// A value with its type.
  public enum Value: Sendable, Equatable, CustomStringConvertible {
    /// A word or a list of words, as it is written in a specification.
    case text(String)
    /// A list of whole numbers.
    case integers([Int])
    /// A whole number.
    case integer(Int)
    /// A number.
    case number(Double)
    /// True or false.
    case flag(Bool)

    /// As it is written in a specification.
    public var description: String {
      switch self {
      case .text(let text): text
      case .integer(let number): "\(number)"
      case .number(let number): "\(number)"
      case .flag(let flag): "\(flag)"
      case .integers(let numbers): "[\(numbers.map(String.init).joined(separator: ", "))]"
      }
    }
  }

  /// What a key decides.
  enum Role: Sendable {
    /// Numbers of every run.
    case numbers
    /// Numbers, and it has the value at which a run is what it was before there was such a key: it is
    /// left out of a cell's identity, so that the cells computed before keep their names.
    case neutral
    /// What happens when a run diverges; a run that does not is the same.
    case divergence
  }

  /// The key of the partition's digest, which no specification gives: it says what was drawn or read.
  package static let partitionDigestKey = "partition.sha256"

  /// The dotted key, such as `dataset.name`.
  public let key: String
  /// The value with its type.
  public let typedValue: Value
  let role: Role

  init(_ key: String, _ value: Value, role: Role = .numbers) {
    self.key = key
    typedValue = value
    self.role = role
  }

  /// The value as it is written in a specification.
  public var value: String { typedValue.description }

  /// The name of the attribute that holds it in a result's `settings` group: the key with an underscore
  /// for everything that some readers of HDF5 do not take in a name.
  public var attributeName: String {
    String(key.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }
}

extension [RunSetting] {
  /// A line for each: `key: value`.
  public var text: String { map { "\($0.key): \($0.value)\n" }.joined() }

  /// What a cell's name is made of: the version of the numerics and every key that decides numbers.
  ///
  /// A key that a later version adds declares the value at which nothing changes (`Role.neutral`). At that
  /// value it is not part of the identity, so the names of all cells computed before stay as they are.
  package var identityText: String {
    "numerics_version: \(CodeVersion.numerics)\n" + filter { $0.role == .numbers }.text
  }

  /// The first difference to settings that were written down before, in words; nil if both describe the
  /// same run. Keys that did not exist then may be absent if they are at their neutral value.
  /// - Parameter old: lines `key: value`.
  package func difference(from old: String) -> String? { firstDifference(from: old)?.words }

  /// The same with the key that differs.
  /// - Parameter except: keys that may differ.
  func firstDifference(from old: String, except: Set<String> = []) -> (key: String, words: String)?
  {
    var lines: [String: String] = [:]
    for line in old.split(separator: "\n") {
      guard let colon = line.range(of: ": ") else { continue }
      lines[String(line[..<colon.lowerBound])] = String(line[colon.upperBound...])
    }
    for setting in self where setting.role != .divergence && !except.contains(setting.key) {
      let found = lines[setting.key]
      if found == setting.value || (found == nil && setting.role == .neutral) { continue }
      return (
        setting.key, "\(setting.key) was \(found ?? "absent") and is now \(setting.value)"
      )
    }
    let known = Set(map(\.key))
    return lines.keys.sorted().first { !known.contains($0) }.map {
      ($0, "it has \($0), a key that this version does not know")
    }
  }
}

extension RunSetting {
  /// A setting for a key that does not exist, for tests of what a key added later changes.
  package static func forTests(_ key: String, _ value: String, isNeutral: Bool) -> RunSetting {
    RunSetting(key, .text(value), role: isNeutral ? .neutral : .numbers)
  }
}
