import COneDNN

/// oneDNN's queue of one worker. On the processor it executes at once, on the calling thread.
final class StreamHandle {
  fileprivate let handle: dnnl_stream_t

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

/// A memory object of oneDNN over memory that somebody else owns.
final class MemoryObject {
  fileprivate let handle: dnnl_memory_t

  init(_ descriptor: MemoryDescriptor, _ pointer: UnsafeMutableRawPointer) throws {
    let engine = try ProcessorEngine.shared.get().handle
    var handle: dnnl_memory_t?
    try withUnsafePointer(to: descriptor.raw) {
      try OneDNN.check(dnnl_memory_create(&handle, $0, engine, pointer), "creating a memory object")
    }
    guard let handle else { throw OneDNNError(operation: "creating a memory object", status: 0) }
    self.handle = handle
  }

  /// Puts the object over other memory.
  func place(at pointer: UnsafeMutableRawPointer) throws {
    try OneDNN.check(dnnl_memory_set_data_handle(handle, pointer), "placing a memory object")
  }

  deinit { dnnl_memory_destroy(handle) }
}

/// A primitive with its arguments, so that executing it allocates nothing.
final class PrimitiveCall {
  private let primitive: Primitive
  private let objects: [MemoryObject]
  private let arguments: UnsafeMutableBufferPointer<dnnl_exec_arg_t>

  init(_ primitive: Primitive, _ named: [(name: OperationArgument, memory: MemoryObject)]) {
    self.primitive = primitive
    objects = named.map(\.memory)
    arguments = .allocate(capacity: named.count)
    for (index, argument) in named.enumerated() {
      arguments.initializeElement(
        at: index, to: dnnl_exec_arg_t(arg: argument.name.raw, memory: argument.memory.handle))
    }
  }

  func execute(on stream: StreamHandle) throws {
    try OneDNN.check(
      dnnl_primitive_execute(
        primitive.handle, stream.handle, Int32(arguments.count), arguments.baseAddress),
      "executing a step of a training plan")
  }

  deinit { arguments.deallocate() }
}
