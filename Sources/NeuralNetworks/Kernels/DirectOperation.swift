import CKernels

/// A convolution summed directly (`direct_convolution.h`), or a 3×3 one by Winograd's filtering
/// (`winograd_convolution.h`). Buffers are indices into a plan's buffers.
enum DirectOperation: KernelOperation {
  case forward(
    shape: direct_shape, source: Int, weight: Int, bias: Int?, relu: Bool, scratch: Int, result: Int
  )
  /// The weights of the convolution that gives the gradient by the source.
  case transposeWeights(shape: direct_shape, weight: Int, transposed: Int)
  case weightGradient(
    shape: direct_shape, source: Int, resultGradient: Int, scratch: Int, weightGradient: Int,
    biasGradient: Int)

  /// The weights as Winograd's filtering wants them.
  case winogradWeights(shape: direct_shape, weight: Int, transformed: Int)
  case winogradForward(
    shape: direct_shape, source: Int, transformed: Int, bias: Int?, relu: Bool, scratch: Int,
    result: Int)
  case winogradGradient(
    shape: direct_shape, source: Int, resultGradient: Int, scratch: Int, transformed: Int,
    weightGradient: Int, biasGradient: Int)

  /// Runs it. `pointers` are those of the plan's buffers.
  func run(_ pointers: [UnsafeMutableRawPointer]) {
    func floats(_ buffer: Int) -> UnsafeMutablePointer<Float> {
      pointers[buffer].assumingMemoryBound(to: Float.self)
    }
    switch self {
    case .forward(let shape, let source, let weight, let bias, let relu, let scratch, let result):
      withUnsafePointer(to: shape) {
        direct_forward(
          $0, floats(source), floats(weight), bias.map(floats), relu ? 1 : 0, floats(scratch),
          floats(result))
      }
    case .transposeWeights(let shape, let weight, let transposed):
      withUnsafePointer(to: shape) {
        direct_transpose_weights($0, floats(weight), floats(transposed))
      }
    case .weightGradient(
      let shape, let source, let resultGradient, let scratch, let weightGradient, let biasGradient):
      withUnsafePointer(to: shape) {
        direct_weight_gradient(
          $0, floats(source), floats(resultGradient), floats(scratch), floats(weightGradient),
          floats(biasGradient))
      }
    case .winogradWeights(let shape, let weight, let transformed):
      withUnsafePointer(to: shape) {
        winograd_transform_weights($0, floats(weight), floats(transformed))
      }
    case .winogradForward(
      let shape, let source, let transformed, let bias, let relu, let scratch, let result):
      withUnsafePointer(to: shape) {
        winograd_forward(
          $0, floats(source), floats(transformed), bias.map(floats), relu ? 1 : 0, floats(scratch),
          floats(result))
      }
    case .winogradGradient(
      let shape, let source, let resultGradient, let scratch, let transformed, let weightGradient,
      let biasGradient):
      withUnsafePointer(to: shape) {
        winograd_weight_gradient(
          $0, floats(source), floats(resultGradient), floats(scratch), floats(transformed),
          floats(weightGradient), floats(biasGradient))
      }
    }
  }
}
