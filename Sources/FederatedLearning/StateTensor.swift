/// A named part of a server's state.
public struct StateTensor: Sendable, Equatable {
  /// Unique within the method.
  public let name: String
  /// Lengths of its axes.
  public let shape: [Int]
  /// Row-major values.
  public let values: [Float]

  /// A tensor; `values` has the product of `shape` values.
  public init(name: String, shape: [Int], values: [Float]) {
    self.name = name
    self.shape = shape
    self.values = values
  }

  /// The values of the tensor of that name and shape. Throws `FederationError` if there is none.
  public static func values(_ name: String, shape: [Int], in tensors: [StateTensor]) throws
    -> [Float]
  {
    guard let tensor = tensors.first(where: { $0.name == name }), tensor.shape == shape,
      tensor.values.count == shape.reduce(1, *)
    else {
      throw FederationError("checkpoint: no state \(name) of shape \(shape)")
    }
    return tensor.values
  }
}
