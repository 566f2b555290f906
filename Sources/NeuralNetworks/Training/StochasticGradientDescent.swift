import CKernels

/// Settings of stochastic gradient descent, with PyTorch's meaning:
/// d = g + weightDecay · p; v ← momentum · v + d (v = d in the first step); p ← p − learningRate · v.
public struct StochasticGradientDescent: Sendable, Hashable {
  /// Step size, positive.
  public var learningRate: Float
  /// Share of the previous step that is kept, in [0, 1). The paper does not mention any.
  public var momentum: Float
  /// L2 penalty's factor on every trained parameter, at least 0. The paper does not mention any.
  public var weightDecay: Float

  /// Plain descent unless momentum or weight decay are given.
  public init(learningRate: Float, momentum: Float = 0, weightDecay: Float = 0) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
  }

  /// One step over a stretch of parameters, element by element in order, along the gradient plus
  /// pull.strength · (parameters − pull.anchor) plus the correction.
  func step(
    parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>,
    velocity: UnsafeMutablePointer<Float>?, isFirstStep: Bool, count: Int,
    pull: (strength: Float, anchor: UnsafePointer<Float>?) = (0, nil),
    correction: UnsafePointer<Float>? = nil
  ) {
    var step = descent(
      rate: learningRate, momentum: momentum, weight_decay: weightDecay,
      is_first: isFirstStep ? 1 : 0, pull: pull.strength, anchor: pull.anchor,
      correction: correction)
    vector_descend(parameters, gradients, velocity, count, &step)
  }
}
