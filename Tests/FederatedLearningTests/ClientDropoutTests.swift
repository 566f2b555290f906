import FederatedLearning
import Testing

/// Clients that drop out of a round after they were sent their model.
@Suite("Client dropout")
struct ClientDropoutTests {
  private func small(_ rate: Double) -> SmallFederation {
    var small = SmallFederation()
    small.clientDropout = rate
    return small
  }

  @Test("draws follow from seed, round and client, come up at their rate, and are nested in it")
  func draws() {
    func dropped(_ rate: Double, seed: UInt64 = 1) -> [Bool] {
      (0..<10_000).map {
        Participation.dropsOut(seed: seed, round: $0 / 100 + 1, client: $0 % 100, rate: rate)
      }
    }
    #expect(dropped(0).allSatisfy { !$0 })
    #expect(dropped(0.3) == dropped(0.3))
    #expect(dropped(0.3) != dropped(0.3, seed: 2))
    // Binomial with mean 3000 and standard deviation 46: five deviations either way.
    #expect((2771...3229).contains(dropped(0.3).count { $0 }))
    // Who drops out at a rate also does so at a higher one.
    #expect(zip(dropped(0.3), dropped(0.5)).allSatisfy { !$0 || $1 })
    // Recorded results depend on these draws.
    #expect(
      (0..<8).filter { Participation.dropsOut(seed: 0, round: 1, client: $0, rate: 0.5) }
        .prefix(1) == [2])
  }

  @Test("those that remain train as without dropouts, and the others keep their models")
  func survivors() throws {
    var (whole, reduced) = (try small(0).start(FedAvg.self), try small(0.5).start(FedAvg.self))
    let initial = reduced.state.bank[0]
    let (all, some) = (try whole.runRound(), try reduced.runRound())
    #expect(all.participants == [0, 1, 2, 3] && all.droppedOut.isEmpty)
    #expect(some.droppedOut == [0, 1, 2, 3].filter { !some.participants.contains($0) })
    #expect(!some.participants.isEmpty && !some.droppedOut.isEmpty)
    for client in some.participants {
      #expect(reduced.state.bank[client] == whole.state.bank[client])
    }
    #expect(some.trainLosses == some.participants.map { all.trainLosses[$0] })
    for client in some.droppedOut { #expect(reduced.state.bank[client] == initial) }
    // FedAvg's global model: the mean of those that arrived, weighted by their samples.
    let shares = reduced.setting.sampleShares(of: some.participants)
    let global = reduced.method.receivedModel(
      of: 0, state: reduced.state.server, bank: reduced.state.bank)
    for place in global.indices {
      let mean = zip(some.participants, shares).reduce(0.0) {
        $0 + Double($1.1) * Double(reduced.state.bank[$1.0][place])
      }
      #expect(abs(Double(global[place]) - mean) < 1e-6)
    }
  }

  @Test("who drops out is sent a model and sends nothing")
  func traffic() throws {
    var federation = try small(0.5).start(FedAvg.self)
    for _ in 1...6 {
      let record = try federation.runRound()
      #expect(
        record.traffic.map(\.uplink)
          == record.participants.map { _ in federation.setting.modelBytes }
          + record.droppedOut.map { _ in 0 })
      #expect(record.traffic.allSatisfy { $0.downlink == federation.setting.modelBytes })
    }
  }

  @Test(
    "a round that loses every client changes nothing but its number",
    arguments: MethodRegistry.all)
  func emptyRound(_ type: any FederatedMethod.Type) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws {
      var federation = try small(0.9).start(type)
      var (empty, other) = (0, 0)
      for round in 1...8 {
        let before = Snapshot(federation)
        let record = try federation.runRound()
        let after = Snapshot(federation)
        #expect(after.round == round)
        if record.participants.isEmpty {
          empty += 1
          #expect(after.bank == before.bank && after.server == before.server)
        } else {
          other += 1
          #expect(after.bank != before.bank)
        }
      }
      #expect(empty > 0 && other > 0)
    }
    try check(type)
  }
}
