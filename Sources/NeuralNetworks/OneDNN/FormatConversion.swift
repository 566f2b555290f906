/// Conversion of one tensor between row-major values and the network's format.
final class FormatConversion {
  private let plain: MemoryObject
  private let stored: MemoryObject
  private let load: PrimitiveCall
  private let store: PrimitiveCall

  /// - Parameter memory: any memory; where values come from and go to is said with every conversion.
  init(plain: MemoryDescriptor, stored: MemoryDescriptor, memory: UnsafeMutableRawPointer) throws {
    self.plain = try MemoryObject(plain, memory)
    self.stored = try MemoryObject(stored, memory)
    load = try PrimitiveCall(
      .reorder(from: plain, to: stored),
      [(name: .source, memory: self.plain), (name: .result, memory: self.stored)])
    store = try PrimitiveCall(
      .reorder(from: stored, to: plain),
      [(name: .source, memory: self.stored), (name: .result, memory: self.plain)])
  }

  /// Row-major values into the network's format.
  func load(
    _ values: UnsafeMutableRawPointer, into target: UnsafeMutableRawPointer,
    on stream: StreamHandle
  ) throws {
    try place(values, target)
    try load.execute(on: stream)
  }

  /// What lies in the network's format into row-major values.
  func store(
    _ source: UnsafeMutableRawPointer, into values: UnsafeMutableRawPointer,
    on stream: StreamHandle
  ) throws {
    try place(values, source)
    try store.execute(on: stream)
  }

  private func place(_ values: UnsafeMutableRawPointer, _ memory: UnsafeMutableRawPointer) throws {
    try plain.place(at: values)
    try stored.place(at: memory)
  }
}
