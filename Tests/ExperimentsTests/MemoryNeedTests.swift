import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Support
import Testing

/// A run that cannot fit is refused before anything of it is made.
@Suite("Memory")
struct MemoryNeedTests {
  private func need(_ overrides: [String], workers: Int = 1) throws -> MemoryNeed {
    let preparation = try Fixtures.preparation(overrides)
    let setting = preparation.setting
    func need<Method: FederatedMethod>(_ type: Method.Type) throws -> MemoryNeed {
      MemoryNeed(
        of: try Method(options: preparation.specification.methodOptions, setting: setting),
        preparation, workerCount: workers)
    }
    guard let type = MethodRegistry.method(named: preparation.specification.method) else {
      throw SpecificationError("no such method")
    }
    return try need(type)
  }

  @Test("the error names what there is, what it takes, and the largest part")
  func refused() throws {
    let memory = MachineMemory(bytes: 4e9, limit: "this machine has")
    try need([]).requireFits(memory)
    for (overrides, part) in [
      (["methods.pfedla.hidden_sizes=[100000, 100000]"], "200 GB for the server's state"),
      (["method=pfedhn", "methods.pfedhn.hidden_size=100000"], "the server's state"),
      (
        [
          "method=local", "rounds=10000000",
          "partition={scheme: iid, clients: 100, samples_per_client: 3}",
        ],
        "for the record of all rounds"
      ),
      (["rounds=10000000", "record_weights_every=1"], "for recorded aggregation weights"),
    ] {
      let need = try need(overrides)
      let error = #expect(throws: SpecificationError.self) { try need.requireFits(memory) }
      let text = error?.description ?? ""
      #expect(text.hasPrefix("memory: this machine has 4 GB, expected at least "), "\(text)")
      #expect(text.contains(part), "\(text)")
    }
  }

  @Test("the longest list of the largest sizes does not overflow")
  func longest() throws {
    let sizes = Array(repeating: "100000", count: 100).joined(separator: ", ")
    #expect(try need(["methods.pfedla.hidden_sizes=[\(sizes)]"]).bytes > 1e12)
    #expect(throws: (any Error).self) {
      try Fixtures.preparation(["methods.pfedla.hidden_sizes=[\(sizes), 1]"])
    }
  }

  @Test("this process has some memory")
  func machine() {
    #expect(MachineMemory.available.bytes > 100e6)
  }
}
