/// A key of a run's specification: how it is read, its default, what it decides, and what it
/// means. `RunKey.all` is the only list of them: parsing, the resolved specification, a cell's identity, the
/// `settings` attributes of a result and the test of Documentation/specification.md come from it.
///
/// The keys of a partition belong to its scheme (`PartitionScheme`), those of a method to the method
/// (`MethodOption`).
public struct RunKey: Sendable {
  /// What a key decides.
  public enum Decision: Sendable, Equatable {
    /// Numbers of the run.
    case numbers
    /// Numbers, except for the value at which a run is what it was before there was such a key: at that value
    /// it is left out of a cell's identity, so that the cells computed before keep their names.
    case numbersUnless(RunSetting.Value)
    /// What happens when a run diverges; a run that does not is the same.
    case divergence
    /// No number: titles, and how often checkpoints are written. It is not recorded.
    case nothing
  }

  /// The values at which keys that were added later change nothing, as results record them, by key.
  public static let neutralValues: [String: String] = Dictionary(
    all.compactMap { key in
      guard case .numbersUnless(let value) = key.decision else { return nil }
      return (key.name, "\(RunSetting(key.name, value).value)")
    }, uniquingKeysWith: { first, _ in first })

  /// The default of a key.
  enum Default<Value: Sendable>: Sendable {
    /// Always the same.
    case value(Value)
    /// Depends on what was read before it, described in words.
    case rule(String, @Sendable (RunSpecification) -> Value)

    func value(_ specification: RunSpecification) -> Value {
      switch self {
      case .value(let value): value
      case .rule(_, let value): value(specification)
      }
    }

    var text: String {
      switch self {
      // 1, not 1.0.
      case .value(let value):
        "\(value)".hasSuffix(".0") ? String("\(value)".dropLast(2)) : "\(value)"
      case .rule(let words, _): words
      }
    }
  }

  /// The dotted key, such as `dataset.name`.
  public let name: String
  /// The default value, in words if it depends on other keys.
  public let defaultText: String
  /// What it means, for people.
  public let documentation: String
  /// What it decides.
  public let decision: Decision
  /// The version of the program that added it.
  public let since: String
  /// Reads the key, the last part of its name, from its section.
  let read: @Sendable (inout ConfigurationReader, String, inout RunSpecification) throws -> Void
  /// The value in force, as it is recorded.
  /// - Parameter clientCount: 0 before the partition is known.
  let recorded:
    @Sendable (_ specification: RunSpecification, _ clientCount: Int) -> RunSetting.Value

  /// A key of any kind; the kinds below are for keys whose value is stored in one place.
  init(
    _ name: String, default defaultText: String, decides decision: Decision = .numbers,
    since: String = "0.1.0", _ documentation: String,
    read:
      @escaping @Sendable (inout ConfigurationReader, String, inout RunSpecification) throws -> Void,
    recorded: @escaping @Sendable (RunSpecification, Int) -> RunSetting.Value
  ) {
    self.name = name
    self.defaultText = defaultText
    self.decision = decision
    self.since = since
    self.documentation = documentation
    self.read = read
    self.recorded = recorded
  }

  /// The setting in force; nil for a key that decides nothing.
  func setting(_ specification: RunSpecification, clientCount: Int) -> RunSetting? {
    let value = recorded(specification, clientCount)
    switch decision {
    case .numbers: return RunSetting(name, value)
    case .numbersUnless(let neutral):
      return RunSetting(name, value, role: value == neutral ? .neutral : .numbers)
    case .divergence: return RunSetting(name, value, role: .divergence)
    case .nothing: return nil
    }
  }
}

/// The place of a key's value in a specification.
typealias RunKeyPlace<Value> = WritableKeyPath<RunSpecification, Value> & Sendable

extension RunKey {
  /// A key whose value is stored in one place.
  private static func stored<Value: Sendable>(
    _ name: String, _ place: RunKeyPlace<Value>, _ default: Default<Value>, _ decision: Decision,
    _ since: String, _ documentation: String,
    read: @escaping @Sendable (inout ConfigurationReader, String) throws -> Value?,
    recorded: @escaping @Sendable (Value) -> RunSetting.Value
  ) -> RunKey {
    RunKey(
      name, default: `default`.text, decides: decision, since: since, documentation,
      read: { reader, key, specification in
        specification[keyPath: place] =
          try read(&reader, key) ?? `default`.value(specification)
      },
      recorded: { specification, _ in recorded(specification[keyPath: place]) })
  }

  /// A word.
  static func text(
    _ name: String, _ place: RunKeyPlace<String>, default: String, decides: Decision = .numbers,
    since: String = "0.1.0", _ documentation: String
  ) -> RunKey {
    stored(
      name, place, .value(`default`), decides, since, documentation, read: { try $0.text($1) },
      recorded: { .text($0) })
  }

  /// A list of words; nil means all.
  static func words(
    _ name: String, _ place: RunKeyPlace<[String]?>, since: String = "0.1.0",
    _ documentation: String
  ) -> RunKey {
    RunKey(
      name, default: "all", since: since, documentation,
      read: { $2[keyPath: place] = try $0.texts($1, unless: "all") },
      recorded: { specification, _ in
        .text(specification[keyPath: place].map { "[\($0.joined(separator: ", "))]" } ?? "all")
      })
  }

  /// True or false.
  static func flag(
    _ name: String, _ place: RunKeyPlace<Bool>, default: Default<Bool>,
    decides: Decision = .numbers, since: String = "0.1.0", _ documentation: String
  ) -> RunKey {
    stored(
      name, place, `default`, decides, since, documentation, read: { try $0.flag($1) },
      recorded: { .flag($0) })
  }

  /// A word of an enumeration.
  static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, _ place: RunKeyPlace<Choice>, default: Default<Choice>,
    decides: Decision = .numbers, since: String = "0.1.0", _ documentation: String
  ) -> RunKey where Choice.RawValue == String {
    let text: String =
      if case .value(let choice) = `default` { choice.rawValue } else { `default`.text }
    return RunKey(
      name, default: text, decides: decides, since: since, documentation,
      read: {
        $2[keyPath: place] = try $0.choice($1, Choice.self) ?? `default`.value($2)
      },
      recorded: { specification, _ in .text(specification[keyPath: place].rawValue) })
  }

  /// A whole number in a range.
  static func integer(
    _ name: String, _ place: RunKeyPlace<Int>, default: Default<Int>, in range: ClosedRange<Int>,
    _ expectation: String, decides: Decision = .numbers, since: String = "0.1.0",
    _ documentation: String
  ) -> RunKey {
    stored(
      name, place, `default`, decides, since, documentation,
      read: { try $0.integer($1, range, expectation) }, recorded: { .integer($0) })
  }

  /// A share of samples to set aside, 0 for none; a key at which 0 changes nothing.
  static func share(
    _ name: String, _ place: RunKeyPlace<Double>, since: String, _ documentation: String
  ) -> RunKey {
    stored(
      name, place, .value(0), .numbersUnless(.number(0)), since, documentation,
      read: { try $0.share($1) }, recorded: { .number($0) })
  }

  /// A number.
  static func number(
    _ name: String, _ place: RunKeyPlace<Double>, default: Double, _ expectation: String,
    decides: Decision = .numbers, since: String = "0.1.0", _ documentation: String,
    where isAllowed: @escaping @Sendable (Double) -> Bool
  ) -> RunKey {
    stored(
      name, place, .value(`default`), decides, since, documentation,
      read: { try $0.number($1, expectation, where: isAllowed) }, recorded: { .number($0) })
  }

  /// A number that is computed with in single precision, recorded by its shortest decimal digits: 0.01, not
  /// 0.009999999776.
  static func float(
    _ name: String, _ place: RunKeyPlace<Float>, default: Default<Float>, _ expectation: String,
    decides: Decision = .numbers, since: String = "0.1.0", _ documentation: String,
    where isAllowed: @escaping @Sendable (Float) -> Bool
  ) -> RunKey {
    stored(
      name, place, `default`, decides, since, documentation,
      read: { try $0.float($1, expectation, where: isAllowed) },
      recorded: { .number(Double("\($0)") ?? Double($0)) })
  }
}
