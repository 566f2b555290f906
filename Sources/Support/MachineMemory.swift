import Foundation

/// How much memory this process may have.
public struct MachineMemory: Sendable, Equatable {
  /// Bytes.
  public let bytes: Double
  /// What sets the limit, in words.
  public let limit: String
  /// Whether addresses are limited, of which some are reserved and never used.
  public var isOfAddresses = false

  /// A limit in words.
  public init(bytes: Double, limit: String, isOfAddresses: Bool = false) {
    self.bytes = bytes
    self.limit = limit
    self.isOfAddresses = isOfAddresses
  }

  /// Bytes for people, such as 24.9 GB.
  public static func words(_ bytes: Double) -> String {
    bytes < 1e9
      ? String(format: "%.0f MB", (bytes / 1e6).rounded(.up))
      : String(format: "%.1f GB", bytes / 1e9)
  }

  /// The smallest of the machine's memory, that of the control group (of a container or a job) and the process's own
  /// limits without what it takes already.
  public static var available: MachineMemory {
    var limits: [MachineMemory] = []
    let page = Double(sysconf(Int32(_SC_PAGESIZE)))
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    if pages > 0 {
      limits.append(MachineMemory(bytes: Double(pages) * page, limit: "this machine has"))
    }
    let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
    for path in controlGroupFiles(of: groups) {
      guard let text = try? String(contentsOfFile: path, encoding: .utf8),
        let bytes = Double(text.trimmingCharacters(in: .whitespacesAndNewlines)), bytes > 0
      else { continue }
      limits.append(MachineMemory(bytes: bytes, limit: "this container or job has"))
    }
    // Pages of addresses, and of private data.
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let taken = text.split(separator: " ").map { (Double($0) ?? 0) * page }
    for (kind, words, place) in [
      (addressLimit, "ulimit -v leaves", 0), (dataLimit, "ulimit -d leaves", 5),
    ] {
      var value = rlimit()
      // 2^62 and more stand for no limit.
      guard getrlimit(kind, &value) == 0, value.rlim_cur < 1 << 62 else { continue }
      let own = taken.count > place ? taken[place] : 0
      limits.append(
        MachineMemory(
          bytes: max(0, Double(value.rlim_cur) - own), limit: words, isOfAddresses: place == 0))
    }
    return limits.min { $0.bytes < $1.bytes } ?? MachineMemory(bytes: .infinity, limit: "")
  }

  #if os(Linux)
    private static let addressLimit = Int32(RLIMIT_AS.rawValue)
    private static let dataLimit = Int32(RLIMIT_DATA.rawValue)
  #else
    private static let addressLimit = RLIMIT_AS
    private static let dataLimit = RLIMIT_DATA
  #endif

  /// The files that may hold the limit of a process's control group, its own and those above it.
  /// - Parameter text: the lines of /proc/self/cgroup: `0::PATH` in version 2, `N:memory:PATH` in version 1.
  package static func controlGroupFiles(of text: String) -> [String] {
    var files: [String] = []
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isSecond = parts[0] == "0" && parts[1].isEmpty
      guard isSecond || parts[1].split(separator: ",").contains("memory") else { continue }
      var folders = parts[2].split(separator: "/")
      while true {
        let path = folders.map { "/\($0)" }.joined()
        files.append(
          isSecond
            ? "/sys/fs/cgroup\(path)/memory.max"
            : "/sys/fs/cgroup/memory\(path)/memory.limit_in_bytes")
        guard folders.popLast() != nil else { break }
      }
    }
    return files
  }
}
