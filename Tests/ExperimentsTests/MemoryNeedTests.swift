import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Support
import TestSupport
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

  @Test("a network that cannot fit is refused before anything of its size is made")
  func network() {
    let error = #expect(throws: SpecificationError.self) {
      try Fixtures.preparation([
        "model.batch_normalisation=false",
        "model.architecture=[{fully-connected: 10000000}, {fully-connected: 10000000}, {fully-connected: classes}]",
      ])
    }
    #expect(
      error?.description.contains(
        "for the network's parameters); choose a smaller model.architecture") == true)
  }

  @Test("the error names what there is, what it takes, and the largest part")
  func refused() throws {
    let memory = MachineMemory(bytes: 4e9, limit: "this machine has")
    try need([]).requireFits(memory)
    for (overrides, part) in [
      (["methods.pfedla.hidden_sizes=[100000, 100000]"], "200.2 GB for the server's state"),
      (["method=pfedhn", "methods.pfedhn.hidden_size=100000"], "the server's state"),
      (
        [
          "method=local", "rounds=10000000",
          "partition={scheme: iid, clients: 100, samples_per_client: 3}",
        ],
        "for the record of all rounds"
      ),
      (
        ["rounds=10000000", "record_weights_every=1"],
        "for the recorded aggregation weights); give a larger record_weights_every"
      ),
    ] {
      let need = try need(overrides)
      let error = #expect(throws: SpecificationError.self) { try need.requireFits(memory) }
      let text = error?.description ?? ""
      #expect(text.hasPrefix("memory: this machine has 4.0 GB, expected at least "), "\(text)")
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

  @Test("a run that cannot fit is refused before anything of it is made")
  func run() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: SpecificationError.self) {
      try Fixtures.run(
        ["methods.pfedla.hidden_sizes=[100000, 100000]"], to: folder.file("a.h5").path)
    }
    #expect(error?.description.hasPrefix("memory: ") == true)
  }

  @Test("stacks count where addresses are limited")
  func stacks() throws {
    let need = try need([], workers: 1000)
    try need.requireFits(MachineMemory(bytes: 1e9, limit: "this machine has"))
    let error = #expect(throws: SpecificationError.self) {
      try need.requireFits(
        MachineMemory(bytes: 1e9, limit: "ulimit -v leaves", isOfAddresses: true))
    }
    #expect(error?.description.contains("for the workers' stacks); give fewer --workers") == true)
  }

  @Test("the limits of a process's control group and of those above it are looked for")
  func controlGroups() {
    #expect(
      MachineMemory.controlGroupFiles(of: "0::/slurm/job_5\n") == [
        "/sys/fs/cgroup/slurm/job_5/memory.max", "/sys/fs/cgroup/slurm/memory.max",
        "/sys/fs/cgroup/memory.max",
      ])
    #expect(
      MachineMemory.controlGroupFiles(of: "12:cpu:/a\n4:memory:/a/b\n1:name=systemd:/\n") == [
        "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/a/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
      ])
    #expect(MachineMemory.controlGroupFiles(of: "nonsense").isEmpty)
  }

  @Test("a method's state has as many values as it says, counted without making it")
  func stateValueCounts() throws {
    for type in MethodRegistry.all { try check(type) }
  }

  private func check<Method: FederatedMethod>(_ type: Method.Type) throws {
    let preparation = try Fixtures.preparation(["method=\(Method.information.name)"])
    let method = try Method(
      options: preparation.specification.methodOptions, setting: preparation.setting)
    let made = method.tensors(of: method.initialState()).reduce(0) {
      $0 + $1.shape.reduce(1, *)
    }
    // Hypernetworks of clients that have not taken part are drawn again where they are needed.
    guard method.hypernetworks == nil || method.hypernetworks?.sharesHypernetwork == true else {
      return
    }
    #expect(method.stateValueCount(participations: 0) == made, "\(Method.information.name)")
  }
}
