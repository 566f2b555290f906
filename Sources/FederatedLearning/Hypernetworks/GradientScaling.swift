import NeuralNetworks

/// The factor of a hypernetwork's gradient (∂θ̄_i/∂(v_i, ψ_i))ᵀ Δθ_i in a step. The paper
/// leaves the step size open, and with it the scale of the gradient.
///
/// The gradient by the weights is made of inner products of Δθ_i with differences of clients' models,
/// which come from local training too: it grows as the square of how far a round's local training goes.
/// That depends on the dataset, the learning rate and the number of local epochs, and a step size that
/// suits one of them does not suit another.
enum GradientScaling: String, MethodChoice {
  /// 1: the paper's Equations 7 to 11.
  case none
  /// 1 / ‖Δθ_i‖² over the trained parameters of the whole model. One number for all layers: how much
  /// larger one layer's gradient is than another's stays as it was.
  case modelNorm = "model-norm"

  /// The factor for a client's Δθ_i, axis (parameter). 0, and so no step, where Δθ_i is zero, or where
  /// the squared norm or its reciprocal is beyond the range of numbers.
  func factor(for change: [Float], layout: ParameterLayout) -> Double {
    guard self == .modelNorm else { return 1 }
    let square = change.withUnsafeBufferPointer { change in
      layout.layers.reduce(0.0) { $0 + innerProduct(change, change, $1.trainedRange) }
    }
    let factor = 1 / square
    return factor.isFinite && square.isFinite ? factor : 0
  }
}
