/// A typed key of a method, declared in the method's own file and read as `options[Self.key]`: a key that
/// is misspelt does not compile.
///
///     static let strength = MethodOption<Double>(
///       "proximal_strength", default: 1, in: 0...1e6, "μ. The paper reports 1.")
public struct MethodOption<Value: MethodOptionValue>: DeclaredOption {
  /// The default value.
  public let defaultValue: Value
  /// Key, default, domain and meaning, whatever the type.
  public let declaration: OptionDeclaration

  private init(
    _ key: String, _ defaultValue: Value, _ domain: OptionDeclaration.Domain, _ summary: String,
    _ neutral: Value?, _ stepSize: OptionDeclaration.StepSize? = nil
  ) {
    self.defaultValue = defaultValue
    declaration = OptionDeclaration(
      key: key, defaultValue: defaultValue.optionValue, domain: domain, summary: summary,
      stepSize: stepSize, neutralValue: neutral?.optionValue)
  }

  /// This key's value being `value`, as a condition of another key.
  public func equals(_ value: Value) -> OptionDeclaration.Condition {
    .init(key: declaration.key, value: value.optionValue)
  }
}

extension MethodOption where Value == Double {
  /// A finite number in a range.
  /// - Parameters:
  ///   - key: the key.
  ///   - default: the value unless given.
  ///   - range: what is allowed.
  ///   - summary: what it means and where the default comes from.
  ///   - neutral: for a key added later, the value that keeps the method's earlier behaviour.
  ///   - stepSize: that it is a step size, and which.
  public init(
    _ key: String, default: Double, in range: ClosedRange<Double>, _ summary: String,
    neutral: Double? = nil, stepSize: OptionDeclaration.StepSize? = nil
  ) {
    self.init(key, `default`, .number(range), summary, neutral, stepSize)
  }
}

extension MethodOption where Value == Int {
  /// A whole number in a range.
  public init(
    _ key: String, default: Int, in range: ClosedRange<Int>, _ summary: String, neutral: Int? = nil
  ) {
    self.init(key, `default`, .integer(range), summary, neutral)
  }
}

extension MethodOption where Value == [Int] {
  /// A list of whole numbers, each in a range.
  public init(
    _ key: String, default: [Int], each range: ClosedRange<Int>, _ summary: String,
    neutral: [Int]? = nil
  ) {
    self.init(key, `default`, .integers(range), summary, neutral)
  }
}

extension MethodOption where Value: MethodChoice {
  /// One of an enumeration's words.
  public init(_ key: String, default: Value, _ summary: String, neutral: Value? = nil) {
    self.init(key, `default`, .choice(Value.allCases.map(\.rawValue)), summary, neutral)
  }
}

/// A key of any type, as `MethodInformation` lists them.
public protocol DeclaredOption: Sendable {
  /// Key, default, domain and meaning.
  var declaration: OptionDeclaration { get }
}

/// What the value of a key can be in a method: `Int`, `Double`, `[Int]` or an enumeration of words.
public protocol MethodOptionValue: Sendable {
  /// The value, or nil for one of another kind.
  init?(_ value: OptionValue)
  /// The value as specifications have it.
  var optionValue: OptionValue { get }
}

/// An enumeration whose raw values are the words of a key.
public protocol MethodChoice: MethodOptionValue, CaseIterable, RawRepresentable
where RawValue == String {}

extension MethodChoice {
  /// The case of that word.
  public init?(_ value: OptionValue) {
    guard case .text(let word) = value else { return nil }
    self.init(rawValue: word)
  }
  /// The word.
  public var optionValue: OptionValue { .text(rawValue) }
}

/// A key that is on or off.
public enum OnOff: String, MethodChoice {
  /// Not in use.
  case off
  /// In use.
  case on
}

extension Int: MethodOptionValue {
  /// A whole number.
  public init?(_ value: OptionValue) {
    guard case .integer(let number) = value else { return nil }
    self = number
  }
  /// A whole number.
  public var optionValue: OptionValue { .integer(self) }
}

extension Double: MethodOptionValue {
  /// A number.
  public init?(_ value: OptionValue) {
    guard case .number(let number) = value else { return nil }
    self = number
  }
  /// A number.
  public var optionValue: OptionValue { .number(self) }
}

extension [Int]: MethodOptionValue {
  /// A list of whole numbers.
  public init?(_ value: OptionValue) {
    guard case .integers(let numbers) = value else { return nil }
    self = numbers
  }
  /// A list of whole numbers.
  public var optionValue: OptionValue { .integers(self) }
}
