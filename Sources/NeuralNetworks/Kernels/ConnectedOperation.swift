import CKernels

/// A fully connected layer by our kernels (`fully_connected.h`). Buffers are indices into a plan's
/// buffers.
enum ConnectedOperation: KernelOperation {
  case forward(
    shape: connected_shape, source: Int, weight: Int, bias: Int, relu: Bool, result: Int)
  case backward(Backward)

  struct Backward: Sendable {
    let shape: connected_shape
    let source: Int
    let weight: Int
    /// Nil without a ReLU.
    let result: Int?
    let resultGradient: Int
    let scratch: Int
    let weightGradient: Int
    let biasGradient: Int
    /// Nil where it is not wanted.
    let sourceGradient: Int?
  }

  /// Runs it. `pointers` are those of the plan's buffers.
  func run(_ pointers: [UnsafeMutableRawPointer]) { run(pointers, stepping: nil) }

  /// Runs it.
  /// - Parameter step: what the weights take in place of their gradient being written, in the backward pass.
  func run(_ pointers: [UnsafeMutableRawPointer], stepping step: connected_step?) {
    func floats(_ buffer: Int) -> UnsafeMutablePointer<Float> {
      pointers[buffer].assumingMemoryBound(to: Float.self)
    }
    switch self {
    case .forward(let shape, let source, let weight, let bias, let relu, let result):
      withUnsafePointer(to: shape) {
        connected_forward(
          $0, floats(source), floats(weight), floats(bias), relu ? 1 : 0, floats(result))
      }
    case .backward(let pass):
      withUnsafePointer(to: pass.shape) { shape in
        func run(_ step: UnsafePointer<connected_step>?) {
          connected_backward(
            shape, floats(pass.source), floats(pass.weight), pass.result.map(floats),
            floats(pass.resultGradient), floats(pass.scratch), floats(pass.weightGradient),
            floats(pass.biasGradient), pass.sourceGradient.map(floats), step)
        }
        if let step { withUnsafePointer(to: step) { run($0) } } else { run(nil) }
      }
    }
  }
}
