import COneDNN
import Foundation
import NeuralNetworks

/// What the figures were measured on.
struct Machine {
  let facts: [(name: String, value: String)]

  init(pyTorchVersion: String?, data: String) {
    let version = dnnl_version().pointee
    facts = [
      ("processor", Self.processor),
      ("cores", "\(WorkerPool.coreCount)"),
      ("memory", "\(ProcessInfo.processInfo.physicalMemory >> 20) MiB"),
      ("system", ProcessInfo.processInfo.operatingSystemVersionString),
      ("load at start", Self.load),
      ("oneDNN", "\(version.major).\(version.minor).\(version.patch)"),
      ("PyTorch", pyTorchVersion ?? "absent"),
      ("workers", "\(WorkerPool.coreCount), one per core, unless a case says otherwise"),
      ("images", data),
      ("date", Date().formatted(.iso8601)),
    ]
  }

  private static var processor: String {
    #if os(macOS)
      var size = 0
      sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0)
      var name = [CChar](repeating: 0, count: size + 1)
      sysctlbyname("machdep.cpu.brand_string", &name, &size, nil, 0)
      return String(cString: name)
    #else
      let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
      func field(_ key: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix(key) }?.split(separator: ":").last
          .map { $0.trimmingCharacters(in: .whitespaces) }
      }
      guard let name = field("model name") else { return "unknown" }
      return "\(name) (family \(field("cpu family") ?? "?"), model \(field("model\t") ?? "?"))"
    #endif
  }

  /// Above 0 the machine was not idle, and ratios of parallel work suffer.
  private static var load: String {
    var averages = [0.0, 0.0, 0.0]
    return getloadavg(&averages, 3) > 0 ? String(format: "%.2f", averages[0]) : "unknown"
  }
}
