import CKernels
import Foundation

/// Bits of the vectors that this processor can run our kernels with, the widest first.
let vectorWidths: [Int32] = [512, 256].filter { $0 <= widest_vectors() }

/// The abilities that the system's kernel counts for this processor.
let processorFlags: Set<String> = {
  let lines = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8).split(separator: "\n")
  let flags = lines?.first { $0.hasPrefix("flags") } ?? ""
  return Set(flags.split(separator: " ").map(String.init))
}()
