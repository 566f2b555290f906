import FederatedLearning
import Testing

@Suite("Method options")
struct MethodOptionsTests {
  enum Kind: String, MethodChoice {
    case round, square
  }

  static let options = [
    MethodOption<Int>("count", default: 2, in: 0...5, "").declaration,
    MethodOption<Double>("rate", default: 0.5, in: 0...1, "").declaration,
    MethodOption<Double>("penalty", default: 1, in: 0...(.infinity), "").declaration,
    MethodOption<Kind>("kind", default: .round, "").declaration,
    MethodOption<[Int]>("sizes", default: [4, 4], each: 1...9, "").declaration,
  ]

  @Test("given values stand over defaults")
  func values() throws {
    let options = try MethodOptions(
      ["count": .integer(5), "sizes": .integers([])], for: Self.options)
    #expect(options["count"] == .integer(5))
    #expect(options["sizes"] == .integers([]))
    #expect(options["rate"] == .number(0.5))
    #expect(options["kind"] == .text("round"))
    #expect(options["other"] == nil)
    let limits: [String: OptionValue] = ["count": .integer(0), "rate": .number(1)]
    #expect(throws: Never.self) { try MethodOptions(limits, for: Self.options) }
  }

  static let invalidCases: [(key: String, value: OptionValue, message: String)] = [
    ("count", .integer(6), "count: found 6, expected a whole number in 0 … 5"),
    ("count", .integer(-1), "count: found -1, expected a whole number in 0 … 5"),
    ("count", .number(2), "count: found 2.0, expected a whole number in 0 … 5"),
    ("rate", .number(1.5), "rate: found 1.5, expected a number in 0 … 1"),
    ("rate", .number(.nan), "rate: found nan, expected a number in 0 … 1"),
    ("rate", .text("fast"), "rate: found fast, expected a number in 0 … 1"),
    ("penalty", .number(-1), "penalty: found -1.0, expected a number of at least 0"),
    ("penalty", .number(.infinity), "penalty: found inf, expected a number of at least 0"),
    ("kind", .text("oval"), "kind: found oval, expected one of round, square"),
    ("kind", .integer(1), "kind: found 1, expected one of round, square"),
    (
      "sizes", .integers([3, 0]),
      "sizes: found [3, 0], expected a list of at most 100 whole numbers in 1 … 9"
    ),
    ("sizes", .integer(3), "sizes: found 3, expected a list of at most 100 whole numbers in 1 … 9"),
    (
      "size", .integer(3), "size: unknown option, expected one of count, rate, penalty, kind, sizes"
    ),
  ]

  @Test("an unknown key or a value outside its domain is an error", arguments: invalidCases)
  func rejects(key: String, value: OptionValue, message: String) {
    #expect(throws: FederationError(message)) {
      try MethodOptions([key: value], for: Self.options)
    }
  }

  @Test("of several unknown keys the first in the alphabet is named")
  func severalUnknown() {
    let given: [String: OptionValue] = [
      "zeta": .integer(1), "beta": .integer(1), "eta": .integer(1),
    ]
    #expect(throws: FederationError("beta: unknown option, expected one of count")) {
      try MethodOptions(given, for: [Self.options[0]])
    }
  }
}

@Suite("Method registry")
struct MethodRegistryTests {
  @Test("names are unique and find their method")
  func names() {
    #expect(Set(methodNames).count == methodNames.count)
    for name in methodNames {
      #expect(MethodRegistry.method(named: name)?.information.name == name)
    }
    #expect(MethodRegistry.method(named: "pFedLA") == nil)
  }

  @Test(
    "every key is unique, explained, and its default lies in its domain",
    arguments: methodNames)
  func options(name: String) throws {
    try withMethod(name) { method in
      let options = method.information.options
      #expect(Set(options.map(\.key)).count == options.count)
      for option in options {
        #expect(option.accepts(option.defaultValue), "\(option.key)")
        #expect(option.summary.hasSuffix("."), "\(option.key)")
      }
      #expect(throws: Never.self) { try MethodOptions(for: options) }
      #expect(!method.information.title.isEmpty)
      #expect(!method.information.reference.isEmpty)
    }
  }
}
