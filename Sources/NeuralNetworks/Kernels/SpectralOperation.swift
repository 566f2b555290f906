import CKernels

/// A convolution as products of spectra (`spectral_convolution.h`). Buffers are indices into a plan's
/// buffers.
enum SpectralOperation: KernelOperation {
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
    /// The sums that batch normalisation's statistics are made of; nil without it.
    let moments: FusedOperation.Moments?
    let isFirst: Bool
    let sourceSpectra: Int
    let scratch: Int
    let result: Int
  }

  struct Backward: Sendable {
    let shape: spectral_shape
    let upstream: Upstream
    let sourceSpectra: Int
    /// Nil where the gradient by the source is not wanted; so is `sourceGradient`.
    let transposedSpectra: Int?
    let isFirst: Bool
    let gradientSpectra: Int
    let biasGradient: Int
    let scratch: Int
    let sourceGradient: Int?
  }

  /// What the gradient by a convolution's result is made of.
  struct Upstream: Sendable {
    let pooledGradient: Int
    let choice: Int
    /// The convolution's result and what its batch normalisation makes of it; nil without.
    let normalisation: (result: Int, coefficients: Int)?
  }

  /// Runs it. `pointers` are those of the plan's buffers.
  func run(_ pointers: [UnsafeMutableRawPointer]) {
    func floats(_ buffer: Int) -> UnsafeMutablePointer<Float> {
      pointers[buffer].assumingMemoryBound(to: Float.self)
    }
    func doubles(_ buffer: Int) -> UnsafeMutablePointer<Double> {
      pointers[buffer].assumingMemoryBound(to: Double.self)
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
      var moments = spectral_moments()
      if let sums = step.moments {
        moments = spectral_moments(
          base: floats(sums.base), sums: doubles(sums.sums), squares: doubles(sums.squares))
      }
      withUnsafePointer(to: step.shape) { shape in
        withUnsafePointer(to: moments) {
          spectral_forward(
            shape, floats(step.source), floats(step.weightSpectra), floats(step.bias),
            step.relu ? 1 : 0, step.moments == nil ? nil : $0, step.isFirst ? 1 : 0,
            floats(step.sourceSpectra), floats(step.scratch), floats(step.result))
        }
      }
    case .backward(let step):
      let upstream = spectral_upstream(
        pooled_gradient: floats(step.upstream.pooledGradient),
        choice: pointers[step.upstream.choice].assumingMemoryBound(to: UInt8.self),
        result: (step.upstream.normalisation?.result).map(floats),
        coefficients: (step.upstream.normalisation?.coefficients).map(floats))
      withUnsafePointer(to: step.shape) { shape in
        withUnsafePointer(to: upstream) {
          spectral_backward(
            shape, $0, floats(step.sourceSpectra), step.transposedSpectra.map(floats),
            step.isFirst ? 1 : 0, floats(step.gradientSpectra), floats(step.biasGradient),
            floats(step.scratch), step.sourceGradient.map(floats))
        }
      }
    case .weightGradient(let shape, let spectra, let weightGradient):
      withUnsafePointer(to: shape) {
        spectral_weight_gradient($0, floats(spectra), floats(weightGradient))
      }
    }
  }
}
