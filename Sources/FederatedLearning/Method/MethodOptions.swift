/// The value of a configuration key of a method.
public enum OptionValue: Sendable, Hashable, CustomStringConvertible {
  /// A whole number.
  case integer(Int)
  /// A number.
  case number(Double)
  /// One of a few words.
  case text(String)
  /// A list of whole numbers.
  case integers([Int])

  /// As it is written in a specification.
  public var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let value): value
    case .integers(let values): "[\(values.map(String.init).joined(separator: ", "))]"
    }
  }
}

/// A configuration key of a method: its meaning, its domain and its default.
/// `MethodOption` makes one.
public struct OptionDeclaration: Sendable {
  /// The key of a method that sets validation samples aside: the share of a client's training samples.
  /// A run that sets a share aside for all methods decides it.
  public static let validationShareKey = "validation_share"

  /// What values are allowed.
  public enum Domain: Sendable {
    /// A whole number in a range.
    case integer(ClosedRange<Int>)
    /// A finite number in a range.
    case number(ClosedRange<Double>)
    /// One of these words.
    case choice([String])
    /// A list of whole numbers, each in a range.
    case integers(ClosedRange<Int>)
  }

  /// A step size of a method's own. At 0 it is not in force: nothing is stepped, or `learning_rate` is
  /// taken.
  public struct StepSize: Sendable {
    /// What it is to the run's `learning_rate`.
    public enum Relation: Sendable {
      /// Another one.
      case beside
      /// It is taken where `learning_rate` would be.
      case instead
    }

    /// What it is to the run's `learning_rate`.
    public let relation: Relation
    /// Where it is in force; nil for always.
    public let condition: Condition?

    /// A step size with its relation to `learning_rate` and its condition.
    public init(_ relation: Relation, when condition: Condition? = nil) {
      self.relation = relation
      self.condition = condition
    }
  }

  /// That another key of the method has a value.
  public struct Condition: Sendable {
    /// The other key.
    public let key: String
    /// Its value.
    public let value: OptionValue
  }

  /// The key, as in `methods.<method>.<key>` of a specification.
  public let key: String
  /// The default value.
  public let defaultValue: OptionValue
  /// What is allowed.
  public let domain: Domain
  /// What it means and where the default comes from, in one or two sentences.
  public let summary: String
  /// Whether it is a step size, and which; nil for another key. A run that diverges names those in force.
  public let stepSize: StepSize?
  /// For a key added later: the value that keeps the method's earlier behaviour.
  /// A run at that value keeps the name that it had without the key. Nil for the method's first keys.
  public let neutralValue: OptionValue?

  /// What is expected, in words, for error messages.
  public var expectation: String {
    switch domain {
    case .integer(let range): "a whole number in \(range.lowerBound) … \(range.upperBound)"
    case .number(let range):
      range.upperBound.isFinite && range.upperBound < 1e9
        ? "a number in \(Self.plain(range.lowerBound)) … \(Self.plain(range.upperBound))"
        : "a number of at least \(Self.plain(range.lowerBound))"
    case .choice(let words): "one of " + words.joined(separator: ", ")
    case .integers(let range):
      "a list of at most \(Self.longestList) whole numbers in \(range.lowerBound) … \(range.upperBound)"
    }
  }

  /// Whether a value is still in range, and neither infinite nor 0, as the single-precision number that
  /// it is computed with: 1e50 is infinite there, 1e-60 is 0, 0.99999999999 is 1.
  private static func survivesFloat(_ value: Double, _ range: ClosedRange<Double>) -> Bool {
    let single = Float(value)
    guard single.isFinite, (single == 0) == (value == 0) else { return false }
    // A bound such as 1e-6 has no exact Float; a value on the bound passes.
    return range.contains(Double(single)) || value == range.lowerBound || value == range.upperBound
  }

  /// The most numbers of a list.
  private static let longestList = 100

  /// A whole number without its decimal point.
  private static func plain(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? "\(number)"
  }

  /// Whether the value is of the right kind and in range.
  public func accepts(_ value: OptionValue) -> Bool {
    switch (domain, value) {
    case (.integer(let range), .integer(let value)): range.contains(value)
    case (.number(let range), .number(let value)):
      value.isFinite && range.contains(value) && Self.survivesFloat(value, range)
    case (.choice(let words), .text(let word)): words.contains(word)
    case (.integers(let range), .integers(let values)):
      values.count <= Self.longestList && values.allSatisfy(range.contains)
    default: false
    }
  }
}

/// The values of a method's configuration keys: the given ones over the defaults.
public struct MethodOptions: Sendable {
  private var values: [String: OptionValue] = [:]

  /// No keys.
  public init() {}

  /// Throws `FederationError` for an unknown key or a value outside its domain.
  public init(_ given: [String: OptionValue] = [:], for options: [OptionDeclaration]) throws {
    for option in options {
      let value = given[option.key] ?? option.defaultValue
      guard option.accepts(value) else {
        throw FederationError("\(option.key): found \(value), expected \(option.expectation)")
      }
      values[option.key] = value
    }
    if let unknown = given.keys.filter({ values[$0] == nil }).min() {
      throw FederationError(
        "\(unknown): unknown option, expected one of "
          + options.map(\.key).joined(separator: ", "))
    }
  }

  /// The value of a key that the method declares; nil if it does not.
  public subscript(key: String) -> OptionValue? { values[key] }

  /// The value of a key that the method declares. Its kind and range were checked when the options were
  /// read.
  public subscript<Value>(option: MethodOption<Value>) -> Value {
    values[option.declaration.key].flatMap(Value.init) ?? option.defaultValue
  }
}

extension MethodInformation {
  /// The step sizes of the method's own that are in force, with their values.
  public func stepSizes(_ options: MethodOptions) -> [(key: String, value: Double)] {
    self.options.compactMap { option in
      Self.stepInForce(option, options).map { (option.key, $0) }
    }
  }

  /// Whether a step of the method takes the run's `learning_rate`: false only if its own step sizes
  /// replace it everywhere.
  public func usesLearningRate(_ options: MethodOptions) -> Bool {
    let places = self.options.filter { $0.stepSize?.relation == .instead }
    return places.isEmpty || !places.allSatisfy { Self.stepInForce($0, options) != nil }
  }

  /// The value of a step size that is in force; nil for any other key.
  private static func stepInForce(_ option: OptionDeclaration, _ options: MethodOptions) -> Double?
  {
    guard let stepSize = option.stepSize, case .number(let size)? = options[option.key], size > 0,
      stepSize.condition.map({ options[$0.key] == $0.value }) ?? true
    else { return nil }
    return size
  }
}
