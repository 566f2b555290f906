import CProcess

/// Keeps blocks as large as a model out of the C library's heap.
enum LargeBlocks {
  /// glibc raises its threshold to the largest block ever freed; the models that rounds replace then
  /// leave holes that never go back to the system, a third more memory at 1,000 clients.
  static func returnToTheSystem() { cprocess_set_large_block_size(128 << 10) }
}
