import BenchmarkFigures

/// How long the program takes to say anything.
enum StartSection: BenchmarkSection {
  static let name = "start"
  static let summary = "pfedla --help, compared with /bin/true"

  static func run(_ bench: Workbench) throws {
    let series = try interleaved(
      20,
      [
        { try seconds { try ChildProcess(bench.program, ["--help"]).wait() } },
        { try seconds { try ChildProcess("/bin/true", []).wait() } },
      ])
    bench.add(
      "pfedla --help", "wall time", series[0] * 1e3, "ms",
      Figure.Ratio(series[0] / series[1], "to /bin/true"))
    bench.add("/bin/true", "wall time", series[1] * 1e3, "ms")
  }
}
