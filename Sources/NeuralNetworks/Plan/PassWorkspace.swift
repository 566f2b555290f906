import CKernels

/// Memory for one plan: its buffers, oneDNN's memory objects over them and the prebuilt argument
/// arrays, so that a pass allocates nothing. Belongs to one worker.
final class PassWorkspace {
  let plan: Plan
  private let memory: AlignedBuffer
  private var pointers: [UnsafeMutableRawPointer] = []
  private var objects: [MemoryObject] = []
  private let stream: StreamHandle
  private var forward: [Execution] = []
  private var backward: [Execution] = []

  /// The tensors that can take their step in the backward pass, in ascending order.
  private(set) var steppingTensors: [Int] = []

  private enum Execution {
    case primitive(PrimitiveCall)
    case kernel(any KernelOperation)
    /// A fully connected layer, whose weights are that tensor.
    case connected(ConnectedOperation, weight: Int)
  }

  /// A step of plain descent that weights take within the backward pass.
  struct BackwardStep {
    let step: connected_step
    /// For each layer whether it is trained; nil trains all.
    let trains: [Bool]?
    /// The layer of each tensor.
    let layers: [Int]

    /// The step of that tensor; nil if it is not trained.
    func step(of tensor: Int) -> connected_step? {
      trains.map { $0[layers[tensor]] } ?? true ? step : nil
    }
  }

  /// - Parameters:
  ///   - parameters: the address of each tensor's parameters, in the plan's formats.
  ///   - gradients: the address of each tensor's gradient, in the same formats.
  init(
    plan: Plan, stream: StreamHandle, parameters: [UnsafeMutableRawPointer],
    gradients: [UnsafeMutableRawPointer]
  ) throws {
    self.plan = plan
    self.stream = stream
    var offsets: [Int?] = []
    var size = 0
    for buffer in plan.buffers {
      if case .workspace = buffer.storage {
        offsets.append(size)
        size += AlignedBuffer.roundedUp(buffer.descriptor.byteCount)
      } else {
        offsets.append(nil)
      }
    }
    memory = AlignedBuffer(byteCount: size)
    for (buffer, offset) in zip(plan.buffers, offsets) {
      switch buffer.storage {
      case .workspace: pointers.append(memory.start + (offset ?? 0))
      case .parameter(let tensor): pointers.append(parameters[tensor])
      case .gradient(let tensor): pointers.append(gradients[tensor])
      case .alias(let other): pointers.append(pointers[other])
      case .part(let other, let offset): pointers.append(pointers[other] + offset)
      }
    }
    for (buffer, pointer) in zip(plan.buffers, pointers) {
      objects.append(try MemoryObject(buffer.descriptor, pointer))
    }
    forward = plan.forward.map(execution)
    backward = plan.backward.map(execution)
    steppingTensors = backward.compactMap {
      if case .connected(_, let weight) = $0 { weight } else { nil }
    }.sorted()
  }

  private func execution(_ step: Plan.Step) -> Execution {
    switch step {
    case .kernel(let operation as ConnectedOperation):
      if case .backward(let pass) = operation,
        case .parameter(let tensor) = plan.buffers[pass.weight].storage
      {
        return .connected(operation, weight: tensor)
      }
      return .kernel(operation)
    case .kernel(let operation): return .kernel(operation)
    case .primitive(let primitive, let named):
      return .primitive(
        PrimitiveCall(primitive, named.map { (name: $0.name, memory: objects[$0.buffer]) }))
    }
  }

  /// The values of a buffer that the plan keeps row-major.
  func values(_ buffer: Int, count: Int) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      start: pointers[buffer].assumingMemoryBound(to: Float.self), count: count)
  }

  func runForward() throws { try run(forward, nil) }

  /// - Parameter step: what `steppingTensors` take, in place of their gradient being written.
  func runBackward(stepping step: BackwardStep? = nil) throws { try run(backward, step) }

  private func run(_ executions: [Execution], _ step: BackwardStep?) throws {
    for execution in executions {
      switch execution {
      case .connected(let operation, let weight):
        operation.run(pointers, stepping: step?.step(of: weight))
      case .kernel(let operation): operation.run(pointers)
      case .primitive(let call): try call.execute(on: stream)
      }
    }
  }
}
