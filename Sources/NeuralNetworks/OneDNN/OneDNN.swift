import COneDNN

// Everything that calls oneDNN's C API is in this folder. It is written for version 2 of the API;
// version 3 differs in descriptors (opaque) and in how operations are described (no *_desc_init),
// so a port to it ends here.

/// A call of oneDNN that failed.
public struct OneDNNError: Error, CustomStringConvertible, Equatable, Sendable {
  /// What was attempted.
  public let operation: String
  /// oneDNN's status code.
  public let status: UInt32
  /// One line for the user.
  public var description: String {
    "oneDNN: \(operation) failed with status \(status) (library version "
      + "\(OneDNN.version); this build is made for 2.x)"
  }
}

enum OneDNN {
  /// The version of the library in use, such as "2.6.3".
  static var version: String {
    guard let version = dnnl_version()?.pointee else { return "unknown" }
    return "\(version.major).\(version.minor).\(version.patch)"
  }

  /// Runs `body` with OpenMP held to the calling thread. oneDNN divides a primitive's work among the
  /// threads that it finds when the primitive is made: plans made otherwise would call for a second
  /// thread in every step, and their results could depend on the machine's number of cores.
  static func onOneThread<Result>(_ body: () throws -> Result) rethrows -> Result {
    let threads = omp_get_max_threads()
    omp_set_num_threads(1)
    defer { omp_set_num_threads(threads) }
    return try body()
  }

  /// Holds oneDNN's OpenMP to the calling thread for good.
  static func holdToOneThread() { omp_set_num_threads(1) }

  static func check(_ status: dnnl_status_t, _ operation: @autoclosure () -> String) throws {
    guard status == dnnl_success else {
      throw OneDNNError(operation: operation(), status: UInt32(status.rawValue))
    }
  }
}

/// The version of the numerical library behind the engine, for the provenance of results.
public var numericalLibraryVersion: String { "oneDNN \(OneDNN.version)" }

/// oneDNN's handle of the processor. One for the whole process; oneDNN allows any thread to use it.
final class ProcessorEngine: @unchecked Sendable {  // immutable handle, thread safe by oneDNN
  let handle: dnnl_engine_t

  static let shared: Result<ProcessorEngine, any Error> = Result { try ProcessorEngine() }

  private init() throws {
    var engine: dnnl_engine_t?
    try OneDNN.check(dnnl_engine_create(&engine, dnnl_cpu, 0), "creating the processor engine")
    guard let engine else {
      throw OneDNNError(operation: "creating the processor engine", status: 0)
    }
    handle = engine
  }
}

/// The shape and memory format of a float32 tensor.
struct MemoryDescriptor: Equatable, @unchecked Sendable {  // a plain C struct of numbers
  var raw = dnnl_memory_desc_t()

  init(raw: dnnl_memory_desc_t) { self.raw = raw }

  init(_ dimensions: [Int], _ format: MemoryFormat) throws {
    try self.init(dimensions, format.raw)
  }

  private init(_ dimensions: [Int], _ tag: dnnl_format_tag_t) throws {
    try OneDNN.check(
      dnnl_memory_desc_init_by_tag(
        &raw, Int32(dimensions.count), dimensions.map(Int64.init), dnnl_f32, tag),
      "describing a tensor of shape \(dimensions)")
  }

  /// Row-major, without padding.
  static func plain(_ dimensions: [Int]) throws -> MemoryDescriptor {
    let tags = [dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd]
    guard (1...tags.count).contains(dimensions.count) else {
      throw OneDNNError(operation: "describing a tensor of shape \(dimensions)", status: 0)
    }
    return try MemoryDescriptor(dimensions, tags[dimensions.count - 1])
  }

  /// Row-major memory for this many bytes, for what is not a oneDNN tensor.
  static func bytes(_ count: Int) throws -> MemoryDescriptor {
    let size = MemoryLayout<Float>.size
    return try plain([(count + size - 1) / size])
  }

  /// Memory for this many single-precision numbers.
  static func floats(_ count: Int) throws -> MemoryDescriptor { try plain([count]) }

  /// Memory for this many double-precision numbers.
  static func doubles(_ count: Int) throws -> MemoryDescriptor {
    try bytes(count * MemoryLayout<Double>.size)
  }

  /// Whatever format the operation prefers.
  static func any(_ dimensions: [Int]) throws -> MemoryDescriptor {
    try MemoryDescriptor(dimensions, dnnl_format_tag_any)
  }

  /// The length of each axis, without padding.
  var dimensions: [Int] {
    withUnsafeBytes(of: raw.dims) { bytes in
      bytes.bindMemory(to: Int64.self).prefix(Int(raw.ndims)).map(Int.init)
    }
  }

  /// Bytes that a buffer of this format needs, padding included.
  var byteCount: Int { withUnsafePointer(to: raw) { dnnl_memory_desc_get_size($0) } }

  static func == (left: MemoryDescriptor, right: MemoryDescriptor) -> Bool {
    withUnsafePointer(to: left.raw) { left in
      withUnsafePointer(to: right.raw) { right in dnnl_memory_desc_equal(left, right) != 0 }
    }
  }
}

/// An operation with its formats chosen and its code generated.
///
/// Created once in a plan and executed by all workers: oneDNN's primitives are immutable and, with
/// scratchpads provided by the caller, safe to execute from many threads at once.
final class Primitive: @unchecked Sendable {
  let handle: dnnl_primitive_t
  private let description: dnnl_primitive_desc_t

  private init(description: dnnl_primitive_desc_t, _ operation: String) throws {
    var primitive: dnnl_primitive_t?
    do {
      try OneDNN.check(dnnl_primitive_create(&primitive, description), "creating \(operation)")
      guard let primitive else {
        throw OneDNNError(operation: "creating \(operation)", status: 0)
      }
      handle = primitive
    } catch {
      dnnl_primitive_desc_destroy(description)
      throw error
    }
    self.description = description
  }

  deinit {
    dnnl_primitive_destroy(handle)
    dnnl_primitive_desc_destroy(description)
  }

  /// Creates the primitive of an operation descriptor.
  /// - Parameters:
  ///   - relu: apply a ReLU to the result.
  ///   - forward: the forward primitive that a backward one belongs to.
  static func make<Description>(
    _ operation: String, _ description: Description, relu: Bool = false, forward: Primitive? = nil
  ) throws -> Primitive {
    let engine = try ProcessorEngine.shared.get().handle
    var attributes: dnnl_primitive_attr_t?
    try OneDNN.check(dnnl_primitive_attr_create(&attributes), "\(operation)'s attributes")
    defer { dnnl_primitive_attr_destroy(attributes) }
    try OneDNN.check(
      dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user),
      "\(operation)'s scratchpad mode")
    if relu {
      var steps: dnnl_post_ops_t?
      try OneDNN.check(dnnl_post_ops_create(&steps), "\(operation)'s ReLU")
      defer { dnnl_post_ops_destroy(steps) }
      try OneDNN.check(
        dnnl_post_ops_append_eltwise(steps, 1, dnnl_eltwise_relu, 0, 0), "\(operation)'s ReLU")
      try OneDNN.check(dnnl_primitive_attr_set_post_ops(attributes, steps), "\(operation)'s ReLU")
    }
    var handle: dnnl_primitive_desc_t?
    try withUnsafePointer(to: description) {
      try OneDNN.check(
        dnnl_primitive_desc_create(&handle, $0, attributes, engine, forward?.description),
        "planning \(operation)")
    }
    guard let handle else { throw OneDNNError(operation: "planning \(operation)", status: 0) }
    return try Primitive(description: handle, operation)
  }

  /// A copy from one format into another.
  static func reorder(from source: MemoryDescriptor, to target: MemoryDescriptor) throws
    -> Primitive
  {
    let engine = try ProcessorEngine.shared.get().handle
    var attributes: dnnl_primitive_attr_t?
    try OneDNN.check(dnnl_primitive_attr_create(&attributes), "a reorder's attributes")
    defer { dnnl_primitive_attr_destroy(attributes) }
    try OneDNN.check(
      dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user),
      "a reorder's scratchpad mode")
    var handle: dnnl_primitive_desc_t?
    try withUnsafePointer(to: source.raw) { source in
      try withUnsafePointer(to: target.raw) { target in
        try OneDNN.check(
          dnnl_reorder_primitive_desc_create(&handle, source, engine, target, engine, attributes),
          "planning a reorder")
      }
    }
    guard let handle else { throw OneDNNError(operation: "planning a reorder", status: 0) }
    return try Primitive(description: handle, "a reorder")
  }

  /// The format that the primitive chose for an argument.
  func format(_ chosen: ChosenFormat) throws -> MemoryDescriptor {
    guard let raw = dnnl_primitive_desc_query_md(description, chosen.raw, 0) else {
      throw OneDNNError(operation: "asking for a format", status: UInt32(chosen.raw.rawValue))
    }
    return MemoryDescriptor(raw: raw.pointee)
  }

  /// The scratch memory that an execution needs, in bytes, and its descriptor.
  func scratchpad() throws -> MemoryDescriptor { try format(.scratchpad) }
}
