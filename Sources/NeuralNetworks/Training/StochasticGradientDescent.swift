import CKernels

/// Settings of stochastic gradient descent, with PyTorch's meaning:
/// d = g + weightDecay · p; v ← momentum · v + d (v = d in the first step); p ← p − learningRate · v, or with
/// Nesterov's momentum p ← p − learningRate · (d + momentum · v).
public struct StochasticGradientDescent: Sendable, Hashable {
  /// Step size, positive.
  public var learningRate: Float
  /// Share of the previous step that is kept, in [0, 1). The paper does not mention any.
  public var momentum: Float
  /// L2 penalty's factor on every trained parameter, at least 0. The paper does not mention any.
  public var weightDecay: Float
  /// Whether momentum is Nesterov's.
  public var nesterov: Bool
  /// The largest Euclidean norm of g over the layers that are trained; a longer g is multiplied by
  /// clipping / (norm + 1e-6) first, as PyTorch's `clip_grad_norm_` does. 0: none.
  public var clipping: Float

  /// Plain descent unless more is given.
  public init(
    learningRate: Float, momentum: Float = 0, weightDecay: Float = 0, nesterov: Bool = false,
    clipping: Float = 0
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.nesterov = nesterov
    self.clipping = clipping
  }

  /// What a gradient is multiplied by, from its squared norm.
  func factor(squaredNorm: Double) -> Float {
    let factor = Double(clipping) / (squaredNorm.squareRoot() + 1e-6)
    return factor < 1 ? Float(factor) : 1
  }

  /// One step over a stretch of parameters, element by element in order, along the gradient plus
  /// pull.strength · (parameters − pull.anchor) plus the correction.
  /// - Parameter factor: what the gradient is multiplied by before anything is added.
  func step(
    parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>,
    velocity: UnsafeMutablePointer<Float>?, isFirstStep: Bool, count: Int,
    factor: Float = 1, pull: (strength: Float, anchor: UnsafePointer<Float>?) = (0, nil),
    correction: UnsafePointer<Float>? = nil
  ) {
    var step = descent(
      rate: learningRate, momentum: momentum, weight_decay: weightDecay,
      is_first: isFirstStep ? 1 : 0, nesterov: nesterov ? 1 : 0, factor: factor,
      pull: pull.strength, anchor: pull.anchor,
      correction: correction)
    vector_descend(parameters, gradients, velocity, count, &step)
  }
}
