import CMPI
import FederatedLearning
import Foundation

/// Messages between ranks by MPI: OpenMPI, MPICH or another library with all of MPI 3 and threads.
///
/// A waiting thread sleeps instead of spinning, as the cores are for training.
public struct MPITransport: RankTransport {
  /// Why MPI cannot be used.
  public struct StartError: Error, CustomStringConvertible {
    /// What failed, and what to do, in a line.
    public let description: String
  }

  /// This process, from 0.
  public let rank: Int
  /// Number of processes that mpirun has started.
  public let rankCount: Int
  /// The unit in which lengths are counted. MPI only reads it.
  private nonisolated(unsafe) let block: cmpi_block

  /// Starts MPI; once in a process. Throws `StartError` if the library fails or has no threads.
  public init() throws {
    var (rank, size): (Int32, Int32) = (0, 1)
    var block = cmpi_block()
    switch cmpi_start(&rank, &size, &block) {
    case 0: break
    case -2:
      throw StartError(
        description: "MPI: the library was built without MPI_THREAD_MULTIPLE; use one that has it")
    default: throw StartError(description: "MPI: MPI_Init_thread failed; run without mpirun")
    }
    self.rank = Int(rank)
    rankCount = Int(size)
    self.block = block
  }

  /// Sends a message and calls `body`; returns when the message may be forgotten.
  public func send<Value>(
    _ message: [UInt8], to rank: Int, tag: Int, while body: () throws -> Value
  ) rethrows -> Value {
    let blocks = (Self.headerSize + message.count + Self.blockSize - 1) / Self.blockSize
    guard let count = Int32(exactly: blocks) else {
      abort("MPI: a message of \(message.count) bytes is too long")
    }
    // Its length, the message, and zeros up to a whole block.
    let buffer = UnsafeMutableRawPointer.allocate(
      byteCount: blocks * Self.blockSize, alignment: MemoryLayout<Int>.alignment)
    defer { buffer.deallocate() }
    buffer.storeBytes(of: message.count, as: Int.self)
    message.withUnsafeBytes { bytes in
      if let start = bytes.baseAddress {
        (buffer + Self.headerSize).copyMemory(from: start, byteCount: bytes.count)
      }
    }
    let used = Self.headerSize + message.count
    (buffer + used).initializeMemory(
      as: UInt8.self, repeating: 0, count: blocks * Self.blockSize - used)
    var request = cmpi_request()
    guard cmpi_send(buffer, count, block, Int32(rank), Int32(tag), &request) == 0 else {
      abort("MPI: a message to rank \(rank) could not be sent")
    }
    // Before the buffer goes.
    defer { Self.wait { cmpi_is_done(&request) != 0 } }
    return try body()
  }

  /// Waits for a message with that tag.
  public func receive(
    from rank: Int?, tag: Int, waiting: () -> Void
  ) -> (message: [UInt8], sender: Int) {
    var message = cmpi_message()
    var (sender, blocks): (Int32, Int32) = (0, 0)
    Self.wait(waiting) {
      cmpi_probe(Int32(rank ?? -1), Int32(tag), block, &message, &sender, &blocks) != 0
    }
    guard blocks > 0 else { abort("MPI: a message that is not one of this program's") }
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Int(blocks) * Self.blockSize, alignment: MemoryLayout<Int>.alignment)
    defer { buffer.deallocate() }
    cmpi_receive(buffer.baseAddress, blocks, block, &message)
    let count = buffer.load(as: Int.self)
    guard count >= 0, count <= buffer.count - Self.headerSize else {
      abort("MPI: a message that is not one of this program's")
    }
    return (
      Array(UnsafeRawBufferPointer(rebasing: buffer[Self.headerSize..<Self.headerSize + count])),
      Int(sender)
    )
  }

  /// Ends MPI. Returns when all ranks have called it.
  public func finish() { cmpi_finish() }

  /// Ends all ranks with a line that says why.
  public func abort(_ reason: String) -> Never {
    FileHandle.standardError.write(Data("Error: \(reason)\n".utf8))
    cmpi_abort()
    exit(1)
  }

  private static let blockSize = Int(CMPI_BLOCK)
  private static let headerSize = MemoryLayout<Int>.size

  /// Returns when something is done: soon after a short wait, without load in a long one.
  private static func wait(_ waiting: () -> Void = {}, _ isDone: () -> Bool) {
    var tries = 0
    while !isDone() {
      tries += 1
      guard tries >= 100 else {
        sched_yield()
        continue
      }
      usleep(tries < 1_000 ? 50 : 500)
      waiting()
    }
  }
}
