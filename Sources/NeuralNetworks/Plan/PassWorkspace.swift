import COneDNN

/// Memory for one plan: its buffers, oneDNN's memory objects over them and the prebuilt argument
/// arrays, so that a pass allocates nothing. Belongs to one worker.
final class PassWorkspace {
  let plan: Plan
  private let memory: AlignedBuffer
  private var pointers: [UnsafeMutableRawPointer] = []
  private var handles: [dnnl_memory_t] = []
  private let stream: StreamHandle
  private var forward: [Execution] = []
  private var backward: [Execution] = []

  private enum Execution {
    case primitive(dnnl_primitive_t, UnsafeMutableBufferPointer<dnnl_exec_arg_t>)
    case fused(FusedOperation)
    case spectral(SpectralOperation)
    case connected(ConnectedOperation)
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
    let engine = try ProcessorEngine.shared.get().handle
    for (buffer, pointer) in zip(plan.buffers, pointers) {
      handles.append(try memoryHandle(buffer.descriptor, pointer, engine))
    }
    forward = plan.forward.map(execution)
    backward = plan.backward.map(execution)
  }

  deinit {
    for case .primitive(_, let arguments) in forward + backward { arguments.deallocate() }
    for handle in handles { dnnl_memory_destroy(handle) }
  }

  private func execution(_ step: Plan.Step) -> Execution {
    switch step {
    case .fused(let operation): return .fused(operation)
    case .spectral(let operation): return .spectral(operation)
    case .connected(let operation): return .connected(operation)
    case .primitive(let primitive, let named):
      let arguments = UnsafeMutableBufferPointer<dnnl_exec_arg_t>.allocate(capacity: named.count)
      for (index, argument) in named.enumerated() {
        arguments.initializeElement(
          at: index, to: dnnl_exec_arg_t(arg: argument.name, memory: handles[argument.buffer]))
      }
      return .primitive(primitive.handle, arguments)
    }
  }

  /// The values of a buffer that the plan keeps row-major.
  func values(_ buffer: Int, count: Int) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      start: pointers[buffer].assumingMemoryBound(to: Float.self), count: count)
  }

  func runForward() throws { try run(forward) }

  func runBackward() throws { try run(backward) }

  private func run(_ executions: [Execution]) throws {
    for execution in executions {
      switch execution {
      case .fused(let operation): operation.run(pointers)
      case .spectral(let operation): operation.run(pointers)
      case .connected(let operation): operation.run(pointers)
      case .primitive(let primitive, let arguments):
        try OneDNN.check(
          dnnl_primitive_execute(
            primitive, stream.handle, Int32(arguments.count), arguments.baseAddress),
          "executing a step of a training plan")
      }
    }
  }
}

/// A memory object of oneDNN over memory that somebody else owns.
func memoryHandle(
  _ descriptor: MemoryDescriptor, _ pointer: UnsafeMutableRawPointer, _ engine: dnnl_engine_t
) throws -> dnnl_memory_t {
  var handle: dnnl_memory_t?
  try withUnsafePointer(to: descriptor.raw) {
    try OneDNN.check(dnnl_memory_create(&handle, $0, engine, pointer), "creating a memory object")
  }
  guard let handle else { throw OneDNNError(operation: "creating a memory object", status: 0) }
  return handle
}

/// oneDNN's queue of one worker. On the processor it executes at once, on the calling thread.
final class StreamHandle {
  let handle: dnnl_stream_t

  init() throws {
    var stream: dnnl_stream_t?
    let engine = try ProcessorEngine.shared.get().handle
    try OneDNN.check(
      dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue)),
      "creating a stream")
    guard let stream else { throw OneDNNError(operation: "creating a stream", status: 0) }
    handle = stream
  }

  deinit { dnnl_stream_destroy(handle) }
}
