import CFusedKernels

/// A convolution as products of spectra (`spectral_convolution.h`). Buffers are indices into a plan's
/// buffers.
enum SpectralOperation: Sendable {
  /// The spectra of the weights, as the forward pass wants them.
  case transformWeights(shape: spectral_shape, weight: Int, spectra: Int)
  /// The same as the gradient by the source wants them.
  case transformTransposedWeights(shape: spectral_shape, weight: Int, spectra: Int)
  case forward(Forward)
  case backward(Backward)
  /// The gradient by the weight from its spectra.
  case weightGradient(shape: spectral_shape, spectra: Int, weightGradient: Int)

  struct Forward: Sendable {
    let shape: spectral_shape
    let source: Int
    let weightSpectra: Int
    let bias: Int
    let relu: Bool
    let sourceSpectra: Int
    let scratch: Int
    let result: Int
  }

  struct Backward: Sendable {
    let shape: spectral_shape
    let resultGradient: Int
    let sourceSpectra: Int
    /// Nil where the gradient by the source is not wanted; so is `sourceGradient`.
    let transposedSpectra: Int?
    let isFirst: Bool
    let gradientSpectra: Int
    let biasGradient: Int
    let scratch: Int
    let sourceGradient: Int?
  }

  /// Runs it. `pointers` are those of the plan's buffers.
  func run(_ pointers: [UnsafeMutableRawPointer]) {
    func floats(_ buffer: Int) -> UnsafeMutablePointer<Float> {
      pointers[buffer].assumingMemoryBound(to: Float.self)
    }
    switch self {
    case .transformWeights(let shape, let weight, let spectra):
      withUnsafePointer(to: shape) {
        spectral_transform_weights($0, floats(weight), floats(spectra))
      }
    case .transformTransposedWeights(let shape, let weight, let spectra):
      withUnsafePointer(to: shape) {
        spectral_transform_transposed_weights($0, floats(weight), floats(spectra))
      }
    case .forward(let step):
      withUnsafePointer(to: step.shape) {
        spectral_forward(
          $0, floats(step.source), floats(step.weightSpectra), floats(step.bias),
          step.relu ? 1 : 0, floats(step.sourceSpectra), floats(step.scratch), floats(step.result))
      }
    case .backward(let step):
      withUnsafePointer(to: step.shape) {
        spectral_backward(
          $0, floats(step.resultGradient), floats(step.sourceSpectra),
          step.transposedSpectra.map(floats), step.isFirst ? 1 : 0, floats(step.gradientSpectra),
          floats(step.biasGradient), floats(step.scratch), step.sourceGradient.map(floats))
      }
    case .weightGradient(let shape, let spectra, let weightGradient):
      withUnsafePointer(to: shape) {
        spectral_weight_gradient($0, floats(spectra), floats(weightGradient))
      }
    }
  }
}
