import CKernels

/// What stands between convolutions (`layers.h`). Buffers are indices into a plan's buffers.
enum LayerOperation: KernelOperation {
  /// Puts a border of 0 around every plane; a place has `lanes` numbers.
  case pad(plane_shape, lanes: Int, border: Int, source: Int, target: Int)
  /// Takes it away.
  case crop(plane_shape, lanes: Int, border: Int, source: Int, target: Int)
  case maximumPool(plane_shape, size: Int, source: Int, result: Int, choice: Int?)
  case maximumPoolGradient(
    plane_shape, size: Int, choice: Int, resultGradient: Int, sourceGradient: Int)
  case averagePool(plane_shape, size: Int, source: Int, result: Int)
  case averagePoolGradient(plane_shape, size: Int, resultGradient: Int, sourceGradient: Int)
  /// Normalisation of channels by given statistics.
  case normalise(layer_shape, Normalisation, source: Int, result: Int)
  case normaliseGradient(layer_shape, Normalisation, NormalisationGradient)
  case groupNormalise(layer_shape, Groups, source: Int, shift: Int, result: Int)
  case groupNormaliseGradient(layer_shape, Groups, NormalisationGradient)
  case relu(source: Int, result: Int, count: Int)
  case reluGradient(result: Int, gradient: Int, count: Int)
  /// values ← values · factors.
  case multiply(values: Int, factors: Int, count: Int)
  /// values ← values + others.
  case add(values: Int, others: Int, count: Int)
  case copy(source: Int, target: Int, count: Int)

  struct Normalisation: Sendable {
    let mean: Int
    let variance: Int
    let scale: Int
    let shift: Int
  }

  struct Groups: Sendable {
    let count: Int
    let scale: Int
    /// The statistics, kept for the gradient.
    let scratch: Int
  }

  struct NormalisationGradient: Sendable {
    let source: Int
    let resultGradient: Int
    let sourceGradient: Int
    let scaleGradient: Int
    let shiftGradient: Int
  }

  /// Runs it. `pointers` are those of the plan's buffers.
  func run(_ pointers: [UnsafeMutableRawPointer]) {
    func floats(_ buffer: Int) -> UnsafeMutablePointer<Float> {
      pointers[buffer].assumingMemoryBound(to: Float.self)
    }
    func bytes(_ buffer: Int) -> UnsafeMutablePointer<UInt8> {
      pointers[buffer].assumingMemoryBound(to: UInt8.self)
    }
    switch self {
    case .pad(let shape, let lanes, let border, let source, let target):
      withUnsafePointer(to: shape) {
        pad_planes($0, Int32(lanes), Int32(border), floats(source), floats(target))
      }
    case .crop(let shape, let lanes, let border, let source, let target):
      withUnsafePointer(to: shape) {
        crop_planes($0, Int32(lanes), Int32(border), floats(source), floats(target))
      }
    case .maximumPool(let shape, let size, let source, let result, let choice):
      withUnsafePointer(to: shape) {
        maximum_pool($0, Int32(size), floats(source), floats(result), choice.map(bytes))
      }
    case .maximumPoolGradient(
      let shape, let size, let choice, let resultGradient, let sourceGradient):
      withUnsafePointer(to: shape) {
        maximum_pool_gradient(
          $0, Int32(size), bytes(choice), floats(resultGradient), floats(sourceGradient))
      }
    case .averagePool(let shape, let size, let source, let result):
      withUnsafePointer(to: shape) {
        average_pool($0, Int32(size), floats(source), floats(result))
      }
    case .averagePoolGradient(let shape, let size, let resultGradient, let sourceGradient):
      withUnsafePointer(to: shape) {
        average_pool_gradient($0, Int32(size), floats(resultGradient), floats(sourceGradient))
      }
    case .normalise(let shape, let layer, let source, let result):
      withUnsafePointer(to: shape) {
        CKernels.normalise(
          $0, floats(source), floats(layer.mean), floats(layer.variance), floats(layer.scale),
          floats(layer.shift), Operation.batchNormalisationEpsilon, floats(result))
      }
    case .normaliseGradient(let shape, let layer, let step):
      withUnsafePointer(to: shape) {
        normalise_gradient(
          $0, floats(step.source), floats(layer.mean), floats(layer.variance), floats(layer.scale),
          Operation.batchNormalisationEpsilon, floats(step.resultGradient),
          floats(step.sourceGradient), floats(step.scaleGradient), floats(step.shiftGradient))
      }
    case .groupNormalise(let shape, let groups, let source, let shift, let result):
      withUnsafePointer(to: shape) {
        group_normalise(
          $0, Int32(groups.count), floats(source), floats(groups.scale), floats(shift),
          Operation.batchNormalisationEpsilon, floats(groups.scratch), floats(result))
      }
    case .groupNormaliseGradient(let shape, let groups, let step):
      withUnsafePointer(to: shape) {
        group_normalise_gradient(
          $0, Int32(groups.count), floats(step.source), floats(groups.scale),
          floats(groups.scratch), floats(step.resultGradient), floats(step.sourceGradient),
          floats(step.scaleGradient), floats(step.shiftGradient))
      }
    case .relu(let source, let result, let count):
      CKernels.relu(floats(source), floats(result), count)
    case .reluGradient(let result, let gradient, let count):
      relu_gradient(floats(result), floats(gradient), count)
    case .multiply(let values, let factors, let count):
      multiply_by(floats(values), floats(factors), count)
    case .add(let values, let others, let count): add_to(floats(values), floats(others), count)
    case .copy(let source, let target, let count):
      floats(target).update(from: floats(source), count: count)
    }
  }
}
