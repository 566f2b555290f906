import Foundation

/// How much memory this process may have.
public struct MachineMemory: Sendable, Equatable {
  /// Bytes.
  public let bytes: Double
  /// What sets the limit, in words.
  public let limit: String

  /// A limit in words.
  public init(bytes: Double, limit: String) {
    self.bytes = bytes
    self.limit = limit
  }

  /// The smallest of the machine's memory, the control group's and the process's own limits of its address space and
  /// data, without what it takes already.
  public static var available: MachineMemory {
    var limits: [MachineMemory] = []
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    if pages > 0 {
      limits.append(
        MachineMemory(
          bytes: Double(pages) * Double(sysconf(Int32(_SC_PAGESIZE))), limit: "this machine has"))
    }
    // Version 2 and 1 of control groups, in which containers and Slurm's jobs run.
    for path in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
      guard let text = try? String(contentsOfFile: path, encoding: .utf8),
        let bytes = Double(text.trimmingCharacters(in: .whitespacesAndNewlines))
      else { continue }
      limits.append(MachineMemory(bytes: bytes, limit: "this container or job has"))
    }
    let taken = addressSpace
    #if os(Linux)
      let kinds = [
        (Int32(RLIMIT_AS.rawValue), "ulimit -v leaves"),
        (Int32(RLIMIT_DATA.rawValue), "ulimit -d leaves"),
      ]
    #else
      let kinds = [(RLIMIT_AS, "ulimit -v leaves")]
    #endif
    for (kind, words) in kinds {
      var value = rlimit()
      // 2^62 and more stand for no limit.
      guard getrlimit(kind, &value) == 0, value.rlim_cur < 1 << 62 else { continue }
      limits.append(MachineMemory(bytes: max(0, Double(value.rlim_cur) - taken), limit: words))
    }
    return limits.min { $0.bytes < $1.bytes } ?? MachineMemory(bytes: .infinity, limit: "")
  }

  /// Bytes of address space that this process has; 0 where the system does not say.
  private static var addressSpace: Double {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").first.flatMap { Double($0) } ?? 0
    return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
  }
}
