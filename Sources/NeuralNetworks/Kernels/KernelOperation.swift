/// An operation of our own kernels in a plan. It names the buffers that it reads and writes by their indices.
protocol KernelOperation: Sendable {
  /// Runs it. `pointers` are those of the plan's buffers.
  func run(_ pointers: [UnsafeMutableRawPointer])
}
