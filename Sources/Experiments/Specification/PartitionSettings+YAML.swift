import Partitioning
import Yams

extension PartitionSettings.Value {
  /// The value of a YAML node. Throws `SpecificationError` for keys with values.
  init(_ node: Node) throws {
    if let sequence = node.sequence {
      self = .list(try sequence.map { try PartitionSettings.Value($0) })
    } else if let integer = node.decimalInteger {
      self = .integer(integer)
    } else if let number = node.decimalNumber {
      self = .number(number)
    } else if let scalar = node.scalar {
      self = .text(scalar.string)
    } else {
      throw SpecificationError("partition: found keys with values, expected a value or a list")
    }
  }
}
