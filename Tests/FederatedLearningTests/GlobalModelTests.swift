import FederatedLearning
import NeuralNetworks
import Testing

/// Evaluation of the one model for all clients.
@Suite("Global model")
struct GlobalModelTests {
  @Test("on all clients' test samples it is right as often as all clients are")
  func union() throws {
    func check<Method: FederatedMethod>(_ type: Method.Type, workers: Int) throws {
      var small = SmallFederation.partial
      small.workerCount = workers
      var federation = try small.start(type)
      for _ in 1...3 { _ = try federation.runRound() }
      let before = Snapshot(federation)
      let common = try #require(
        try federation.evaluateGlobalModel(on: federation.data.test.flatMap { $0 }))
      let each = try federation.evaluate().received
      #expect(common.count == each.reduce(0) { $0 + $1.count })
      #expect(common.correct == each.reduce(0) { $0 + $1.correct })
      #expect(abs(common.lossSum - each.reduce(0) { $0 + $1.lossSum }) < 1e-9)
      #expect(Snapshot(federation) == before)
    }
    try check(FedAvg.self, workers: 1)
    try check(FedAvg.self, workers: 3)
    try check(FedProx.self, workers: 1)
    try check(Scaffold.self, workers: 2)
  }

  @Test("only methods that share a whole model have one", arguments: MethodRegistry.all)
  func methods(_ type: any FederatedMethod.Type) throws {
    let expected: Set = [
      "fedavg", "fedprox", "scaffold", "per-fedavg", "pfedme", "ditto", "apfl", "fedala",
    ]
    func model<Method: FederatedMethod>(_ type: Method.Type, _ small: SmallFederation) throws
      -> [Float]?
    {
      let federation = try small.start(type)
      return federation.method.globalModel(of: federation.state.server)
    }
    let small = SmallFederation()
    let found = try model(type, small)
    #expect((found != nil) == expected.contains(type.information.name))
    if let found { #expect(found == (try small.setting().initialParameters)) }
    // Clients that keep their running statistics share no whole model.
    var local = small
    local.statistics = .local
    #expect(try model(type, local) == nil)
  }

  @Test("no samples, no evaluation")
  func none() throws {
    #expect(try SmallFederation().start(FedAvg.self).evaluateGlobalModel(on: []) == nil)
  }
}
