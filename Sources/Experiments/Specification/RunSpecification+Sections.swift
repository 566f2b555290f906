import FederatedLearning
import Partitioning
import Yams

// The two sections whose keys belong to others: to methods and to partition schemes.
extension RunSpecification {
  /// The options of the chosen method. A validation share of the run applies to every method: it is used in
  /// place of a method's own, which may repeat it but not differ.
  static func methodOptions(
    _ methods: inout ConfigurationReader, _ chosen: String, validationShare: Double
  ) throws -> MethodOptions {
    var options = MethodOptions()
    // Sections of other methods are read too: a mistake in them is a mistake today.
    for type in MethodRegistry.all {
      var section = try methods.section(type.information.name)
      var given: [String: OptionValue] = [:]
      for option in type.information.options {
        guard let node = section.value(option.key) else { continue }
        let value: OptionValue? =
          switch option.domain {
          case .integer: node.decimalInteger.map(OptionValue.integer)
          case .number: node.decimalNumber.map(OptionValue.number)
          case .choice: node.scalar.map { .text($0.string) }
          case .integers:
            node.sequence.flatMap { $0.map(\.decimalInteger) as? [Int] }.map(OptionValue.integers)
          }
        guard let value, option.accepts(value) else {
          throw section.error(
            option.key, node,
            "found \(ConfigurationReader.describe(node))\(Self.remark(on: value, option)), expected "
              + option.expectation)
        }
        given[option.key] = value
        if option.key == OptionDeclaration.validationShareKey, validationShare > 0,
          value != .number(validationShare)
        {
          throw section.error(
            option.key, node,
            "found \(value), but the run's validation_share, \(validationShare), applies to every method; "
              + "remove one of the two, or make them equal")
        }
      }
      try section.finish()
      if validationShare > 0,
        type.information.options.contains(where: { $0.key == OptionDeclaration.validationShareKey })
      {
        given[OptionDeclaration.validationShareKey] = .number(validationShare)
      }
      if type.information.name == chosen {
        options = try MethodOptions(given, for: type.information.options)
      }
    }
    return options
  }

  /// What becomes of a number in single precision, where that is why it is refused.
  private static func remark(on value: OptionValue?, _ option: OptionDeclaration) -> String {
    guard case .number(let range) = option.domain, case .number(let number)? = value,
      range.contains(number)
    else { return "" }
    return ConfigurationReader.remark(onSinglePrecision: Float(number))
  }

  /// A partition file, or a scheme with its keys.
  /// - Parameter dataset: its classes, which keys may name.
  static func partition(_ section: inout ConfigurationReader, of dataset: Dataset) throws
    -> PartitionSource
  {
    if let file = try section.text("file") {
      let others = section.keys.filter { $0 != "file" && section.value($0) != nil }
      guard others.isEmpty else {
        throw section.error(
          "file", section.value("file"),
          "found \(file) together with \(others.joined(separator: ", ")), expected a file or a scheme "
            + "with its keys: remove one of them here, or give the file by --set partition.file=FILE, "
            + "which replaces a scheme in the specification")
      }
      return .file(file)
    }
    let seed = try section.integer("seed", 0...Int.max, RunKey.seedExpectation)
    var settings: [String: PartitionSettings.Value] = [:]
    for key in section.keys where key != "seed" && key != "file" {
      guard let node = section.value(key) else { continue }
      settings[key] = try PartitionSettings.Value(node)
    }
    return .scheme(
      try PartitionSpecification(
        settings: PartitionSettings(settings, classNames: dataset.classNames)),
      seed: seed.map(UInt64.init))
  }
}
