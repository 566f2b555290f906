import FederatedLearning
import Foundation
import NeuralNetworks
import TestSupport
import Testing

@Suite("FedAGHN")
struct FedAGHNTests {
  private func weights(_ federation: Federation<FedAGHN>, of client: Int) -> [[Float]] {
    federation.method.aggregationWeights(of: client, state: federation.state.server)
  }

  @Test("without known updates all others weigh the same, and the client p / (1 + p)")
  func start() throws {
    let federation = try SmallFederation.partial.start(
      FedAGHN.self, ["initial_self_weight": .number(0.25)])
    for client in federation.clients {
      for row in weights(federation, of: client) {
        expectClose(
          row, federation.clients.map { $0 == client ? 0.2 : 0.8 / 6 }, absolute: 1e-7,
          "client \(client)")
      }
    }
  }

  @Test("a client alone is Local, bit for bit")
  func isLocal() throws {
    var small = SmallFederation()
    small.trainCounts = [10]
    var alone = try small.start(FedAGHN.self)
    var local = try small.start(Local.self)
    try alone.runRounds(3)
    try local.runRounds(3)
    #expect(alone.state.bank.values.bits == local.state.bank.values.bits)
  }

  @Test("weights favour clients whose latest updates point the same way")
  func attention() throws {
    let scale = 3.0
    var federation = try SmallFederation.partial.start(
      FedAGHN.self,
      [
        "initial_scale": .number(scale), "initial_self_weight": .number(0.5),
        "hypernetwork_step": .text("frozen"),
      ])
    var (latest, known): ([[Float]?], Int) = (federation.clients.map { _ in nil }, 0)
    for _ in 1...3 {
      let received = federation.receivedModels
      for client in try federation.runRound().participants {
        latest[client] = zip(federation.state.bank[client], received[client]).map { $0 - $1 }
      }
    }
    let layout = try SmallFederation.partial.setting().layout
    for client in federation.clients {
      for (layer, row) in zip(layout.layers, weights(federation, of: client)) {
        let shares = federation.clients.map { other -> Double in
          guard other != client else { return 0 }
          guard let own = latest[client], let other = latest[other] else { return 1 }
          let dot = { (a: [Float], b: [Float]) in
            layer.trainedRange.reduce(0.0) { $0 + Double(a[$1]) * Double(b[$1]) }
          }
          known += 1
          return exp(scale * dot(own, other) / (dot(own, own) * dot(other, other)).squareRoot())
        }
        let sum = shares.reduce(0, +)
        expectClose(
          row.map(Double.init),
          federation.clients.map { $0 == client ? 0.5 / 1.5 : shares[$0] / sum / 1.5 },
          absolute: 1e-5, "client \(client), \(layer.name)")
      }
    }
    #expect(known > 0)
  }

  @Test(
    "a step follows the gradient by β and p, uphill against it",
    arguments: [("downhill", 1.0), ("uphill", -1)])
  func step(direction: (name: String, sign: Double)) throws {
    let small = SmallFederation()
    let rate = 0.01
    var federation = try small.start(
      FedAGHN.self,
      [
        "step_size": .number(rate), "initial_self_weight": .number(0.5),
        "hypernetwork_step": .text(direction.name),
      ])
    try federation.runRounds(2)
    let before = federation.state
    let received = federation.receivedModels
    try federation.runRounds(1)
    let layout = try small.setting().layout
    var largest = 0.0
    for client in federation.clients {
      let change = zip(federation.state.bank[client], received[client]).map {
        Double($0) - Double($1)
      }
      /// ⟨θ̄, Δθ⟩ of a layer with β and p moved.
      func value(_ layer: Int, _ scaleStep: Float, _ ownStep: Float) -> Double {
        var state = before.server
        state.scales[client * 4 + layer] += scaleStep
        state.selfWeights[client * 4 + layer] += ownStep
        let weights = federation.method.aggregationWeights(of: client, state: state)[layer]
        return layout.layers[layer].trainedRange.reduce(0.0) { sum, index in
          let mixed = federation.clients.reduce(0.0) {
            $0 + Double(weights[$1]) * Double(before.bank[$1][index])
          }
          return sum + mixed * change[index]
        }
      }
      for layer in 0..<4 {
        let place = client * 4 + layer
        let slopes = [
          (value(layer, 0.125, 0) - value(layer, -0.125, 0)) / 0.25,
          (value(layer, 0, 0.0625) - value(layer, 0, -0.0625)) / 0.125,
        ]
        let state = federation.state.server
        let found = [
          Double(state.scales[place]) - Double(before.server.scales[place]),
          Double(state.selfWeights[place]) - Double(before.server.selfWeights[place]),
        ]
        largest = max(largest, abs(found[0]), abs(found[1]))
        expectClose(
          found, slopes.map { direction.sign * rate * $0 }, absolute: 2e-6, relative: 0.05,
          "client \(client), layer \(layer)")
      }
    }
    #expect(largest > 1e-5)
  }

  @Test("p never falls below 0")
  func ownWeight() throws {
    var federation = try SmallFederation().start(
      FedAGHN.self, ["step_size": .number(1e4), "initial_self_weight": .number(0)])
    try federation.runRounds(4)
    #expect(federation.state.server.selfWeights.allSatisfy { $0 >= 0 })
    #expect(federation.state.server.selfWeights.contains { $0 > 0 })
  }

  @Test("a model each way", arguments: FederationSetting.StatisticsTreatment.allCases)
  func traffic(statistics: FederationSetting.StatisticsTreatment) throws {
    var small = SmallFederation()
    small.statistics = statistics
    let method = try small.method(FedAGHN.self)
    let bytes = try 4 * small.sentCount()
    #expect(
      method.traffic(of: 0, state: method.initialState())
        == Traffic(uplink: bytes, downlink: bytes))
  }
}
