/// A message between ranks: values one after another, as they stand in memory. Sender and receiver are the same
/// program on processors of the same byte order.
package struct RankMessage: Sendable {
  /// What is sent.
  package private(set) var bytes: [UInt8]
  private var place = 0

  /// An empty message to append to.
  package init() { bytes = [] }

  /// A message that was received, to be taken apart in the order in which it was made.
  package init(received bytes: [UInt8]) { self.bytes = bytes }

  /// Adds one value.
  package mutating func append<Value: BitwiseCopyable>(_ value: Value) {
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }

  /// Adds an array, with its length.
  package mutating func append<Value: BitwiseCopyable>(_ values: [Value]) {
    append(values.count)
    values.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  /// Adds several arrays.
  package mutating func append<Value: BitwiseCopyable>(_ arrays: [[Value]]) {
    append(arrays.count)
    for array in arrays { append(array) }
  }

  /// Adds a text.
  package mutating func append(_ text: String) { append(Array(text.utf8)) }

  /// Takes one value. Throws `FederationError` if the message ends before.
  package mutating func take<Value: BitwiseCopyable>(_: Value.Type = Value.self) throws -> Value {
    let size = MemoryLayout<Value>.size
    guard size <= bytes.count - place else { throw Self.tooShort }
    defer { place += size }
    return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: Value.self) }
  }

  /// Takes a count of things to come. Throws `FederationError` if it is negative.
  package mutating func takeCount() throws -> Int {
    let count = try take(Int.self)
    guard count >= 0 else { throw Self.tooShort }
    return count
  }

  /// Takes an array. Throws `FederationError` if the message ends before.
  package mutating func takeArray<Value: BitwiseCopyable>(of _: Value.Type = Value.self) throws
    -> [Value]
  {
    let count = try take(Int.self)
    let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Value>.stride)
    guard count >= 0, !overflow, size <= bytes.count - place else { throw Self.tooShort }
    // All empty arrays share one place, which is not to be written.
    guard count > 0 else { return [] }
    defer { place += size }
    return [Value](unsafeUninitializedCapacity: count) { values, initialised in
      bytes.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(values).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: $0[place..<place + size]))
      }
      initialised = count
    }
  }

  /// Takes several arrays. Throws `FederationError` if the message ends before.
  package mutating func takeArrays<Value: BitwiseCopyable>(of _: Value.Type = Value.self) throws
    -> [[Value]]
  {
    let count = try take(Int.self)
    // Each has at least its length.
    guard count >= 0, count <= (bytes.count - place) / MemoryLayout<Int>.size else {
      throw Self.tooShort
    }
    return try (0..<count).map { _ in try takeArray() }
  }

  /// Takes a text. Throws `FederationError` if the message ends before.
  package mutating func takeText() throws -> String {
    String(decoding: try takeArray(of: UInt8.self), as: UTF8.self)
  }

  private static let tooShort = FederationError(
    "ranks: a message is shorter than expected; start all ranks from the same program")
}
