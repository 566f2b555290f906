/// A named part of a server's state.
public struct StateTensor: Sendable, Equatable {
  /// Unique within the method.
  public let name: String
  /// Lengths of its axes.
  public let shape: [Int]
  /// Row-major values in one piece, or in a piece for each index on the first axis, so that a state of
  /// many arrays need not be copied to be saved.
  public let pieces: [[Float]]

  /// A tensor in one piece; `values` has the product of `shape` values.
  public init(name: String, shape: [Int], values: [Float]) {
    self.name = name
    self.shape = shape
    pieces = [values]
  }

  /// A tensor of rows, each with the product of `rowShape` values.
  public init(name: String, rowShape: [Int], rows: [[Float]]) {
    self.name = name
    shape = [rows.count] + rowShape
    pieces = rows
  }

  /// A tensor in the pieces of another.
  init(name: String, shape: [Int], pieces: [[Float]]) {
    self.name = name
    self.shape = shape
    self.pieces = pieces
  }

  /// Row-major values.
  public var values: [Float] { pieces.count == 1 ? pieces[0] : Array(pieces.joined()) }

  /// Whether name, shape and values are the same, however they are cut up.
  public static func == (left: StateTensor, right: StateTensor) -> Bool {
    left.name == right.name && left.shape == right.shape && left.values == right.values
  }

  /// This tensor if it has the shape of the other; with the other's last row, if that has one row more; else nil.
  func adding(lastRowOf other: StateTensor) -> StateTensor? {
    if shape == other.shape { return self }
    guard let count = shape.first, other.shape == [count + 1] + shape.dropFirst() else {
      return nil
    }
    return StateTensor(
      name: name, shape: other.shape,
      values: values + other.values.suffix(shape.dropFirst().reduce(1, *)))
  }

  /// The values of the tensor of that name and shape. Throws `FederationError` if there is none.
  public static func values(_ name: String, shape: [Int], in tensors: [StateTensor]) throws
    -> [Float]
  {
    try tensor(name, shape: shape, in: tensors).values
  }

  /// The rows of the tensor of that name, this many rows of that shape. Throws `FederationError` if there
  /// is none.
  public static func rows(
    _ name: String, count: Int, rowShape: [Int], in tensors: [StateTensor]
  ) throws -> [[Float]] {
    let tensor = try tensor(name, shape: [count] + rowShape, in: tensors)
    let size = rowShape.reduce(1, *)
    if tensor.pieces.count == count, tensor.pieces.allSatisfy({ $0.count == size }) {
      return tensor.pieces
    }
    let values = tensor.values
    return (0..<count).map { Array(values[$0 * size..<($0 + 1) * size]) }
  }

  private static func tensor(_ name: String, shape: [Int], in tensors: [StateTensor]) throws
    -> StateTensor
  {
    guard let tensor = tensors.first(where: { $0.name == name }), tensor.shape == shape,
      tensor.pieces.reduce(0, { $0 + $1.count }) == shape.reduce(1, *)
    else {
      throw FederationError("checkpoint: no state \(name) of shape \(shape)")
    }
    return tensor
  }
}
