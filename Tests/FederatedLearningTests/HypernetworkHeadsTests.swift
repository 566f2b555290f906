import FederatedLearning
import TestSupport
import Testing

@Suite("Hypernetworks' heads")
struct HypernetworkHeadsTests {
  /// H = 5, so that 28 outputs keep at most five steps: six take as much as dense heads.
  static let hypernetwork = AggregationHypernetwork(
    embeddingSize: 4, hiddenSizes: [6, 5], layerCount: 4, clientCount: 7, normaliser: .softmax)
  static let mostSteps = 5

  func weightGradient(_ step: Int) -> [[Float]] {
    HashFill.signed(salt: 100 + UInt32(step), count: 28, bound: 2).rows(of: 7)
  }

  /// A hypernetwork after each of some steps.
  func states(_ count: Int, from start: AggregationHypernetwork.Values) -> [AggregationHypernetwork
    .Values]
  {
    var states = [start]
    for step in 0..<count {
      var next = states[step]
      let gradient = Self.hypernetwork.gradient(
        of: next, client: 3, weightGradient: weightGradient(step))
      Self.hypernetwork.step(&next, along: gradient, size: 0.5)
      states.append(next)
    }
    return states
  }

  @Test("kept steps are dense heads to rounding: weights, gradients and parameters")
  func stepsAreDense() {
    let hypernetwork = Self.hypernetwork
    let zero = hypernetwork.initial(seed: 1, client: 3, heads: .zero)
    let dense = hypernetwork.hypernetwork(hypernetwork.parameters(of: zero))
    #expect(zero.heads == .steps([]) && dense.heads != zero.heads)
    for (step, (kept, written)) in zip(states(8, from: zero), states(8, from: dense)).enumerated() {
      expectClose(
        hypernetwork.parameters(of: kept), hypernetwork.parameters(of: written), absolute: 2e-6,
        "parameters after \(step) steps")
      expectClose(
        hypernetwork.weights(of: kept, client: 3).flatMap { $0 },
        hypernetwork.weights(of: written, client: 3).flatMap { $0 }, absolute: 1e-6,
        "weights after \(step) steps")
      let gradients = [kept, written].map {
        hypernetwork.parameters(
          of: hypernetwork.gradient(of: $0, client: 3, weightGradient: weightGradient(50)))
      }
      expectClose(gradients[0], gradients[1], absolute: 5e-6, "gradient after \(step) steps")
      #expect(gradients[0].contains { abs($0) > 0.01 })
    }
  }

  @Test("steps are kept as long as they take less than dense heads, and are then folded")
  func folding() {
    let zero = Self.hypernetwork.initial(seed: 1, client: 3, heads: .zero)
    let dense = Self.hypernetwork.parameterCount - zero.base.count
    for (count, state) in states(9, from: zero).enumerated() {
      switch state.heads {
      case .steps(let steps):
        #expect(steps.count == count && count <= Self.mostSteps)
        #expect(state.heads.valueCount < dense)
      case .dense(let values):
        #expect(count > Self.mostSteps && values.count == dense)
      }
    }
  }

  @Test("initial heads that are not zero are dense from the first step on")
  func uniform() {
    let hypernetwork = Self.hypernetwork
    let start = hypernetwork.initial(seed: 1, client: 3, heads: .uniform)
    let states = states(1, from: start)
    let gradient = hypernetwork.gradient(of: start, client: 3, weightGradient: weightGradient(0))
    let expected = zip(hypernetwork.parameters(of: start), hypernetwork.parameters(of: gradient))
      .map { $0 + 0.5 * $1 }
    expectClose(
      hypernetwork.parameters(of: states[1]), expected, absolute: 1e-6, "parameters")
    #expect(hypernetwork.parameters(of: states[1]) != hypernetwork.parameters(of: start))
  }

  /// Three inputs of every head: up to three steps are kept of seven clients' four heads.
  static let small: [String: OptionValue] = [
    "embedding_size": .integer(2), "hidden_sizes": .integers([3]), "step_size": .number(5),
  ]

  @Test("a run resumes bit for bit from any round, with hypernetworks in every form")
  func resume() throws {
    var federation = try SmallFederation.partial.start(PFedLA.self, Self.small)
    var saved = [(federation.state.bank, federation.tensors)]
    var forms: Set<Float> = []
    for _ in 1...8 {
      try federation.runRounds(1)
      saved.append((federation.state.bank, federation.tensors))
      forms.formUnion(
        federation.tensors.first { $0.name == "hypernetwork_forms" }?.values ?? [])
    }
    #expect(forms == [0, 1, 2])
    for (round, (bank, tensors)) in saved.enumerated() {
      var resumed = try SmallFederation.partial.start(PFedLA.self, Self.small)
      // As a checkpoint gives them back: in one piece each.
      try resumed.restore(
        round: round, bank: bank,
        server: tensors.map { StateTensor(name: $0.name, shape: $0.shape, values: $0.values) })
      try resumed.runRounds(8 - round)
      #expect(Snapshot(resumed) == Snapshot(federation), "from round \(round)")
      #expect(resumed.state.server == federation.state.server)
    }
  }

  @Test("nothing is kept of clients that never took part, nor ever more than is announced")
  func valueCount() throws {
    var federation = try SmallFederation.partial.start(PFedLA.self, Self.small)
    var participations = 0
    var seen: Set<Int> = []
    for _ in 1...8 {
      let participants = try federation.runRound().participants
      participations += participants.count
      seen.formUnion(participants)
      for client in federation.clients where !seen.contains(client) {
        #expect(federation.state.server.clients[client] == nil)
      }
      let kept = federation.state.server.clients.reduce(0) {
        $0 + ($1.map { $0.base.count + $0.heads.valueCount } ?? 0)
      }
      #expect(kept <= federation.method.stateValueCount(participations: participations))
    }
  }

  @Test("a saved state that does not fit is an error")
  func misfit() throws {
    var federation = try SmallFederation.partial.start(PFedLA.self, Self.small)
    try federation.runRounds(2)
    let (bank, tensors) = (federation.state.bank, federation.tensors)
    func error(_ name: String, _ change: (StateTensor) -> StateTensor?) -> String {
      do {
        try federation.restore(
          round: 2, bank: bank, server: tensors.compactMap { $0.name == name ? change($0) : $0 })
        return "none"
      } catch {
        return "\(error)"
      }
    }
    func values(_ values: [Float]) -> (StateTensor) -> StateTensor? {
      { StateTensor(name: $0.name, shape: $0.shape, values: values) }
    }
    for tensor in tensors {
      #expect(error(tensor.name) { _ in nil }.hasPrefix("checkpoint: no state \(tensor.name)"))
    }
    let nine = [Float](repeating: 9, count: 7)
    #expect(
      error("hypernetwork_forms", values(nine))
        == "checkpoint: found 9 in hypernetwork_forms, expected 0, 1 or 2")
    for value in [-1, 0.5, .nan, 1e30] as [Float] {
      #expect(
        error(
          "hypernetwork_step_counts", values([Float](repeating: value, count: 7))
        ).hasPrefix("checkpoint: found \(value) in hypernetwork_step_counts"))
    }
    #expect(
      error("hypernetwork_step_counts", values(nine)).hasPrefix(
        "checkpoint: no state hypernetwork_step_inputs"))
  }

  @Test(
    "heads kept as steps are known to be finite without being written out, and overflow is found")
  func finite() throws {
    let method = try SmallFederation().method(PFedLA.self)
    let hypernetwork = AggregationHypernetwork(
      embeddingSize: 100, hiddenSizes: [100, 100], layerCount: method.setting.layout.layers.count,
      clientCount: method.setting.clientCount, normaliser: .softmax)
    func isFinite(_ outputs: [Float], input: Float = 1) -> Bool {
      var values = hypernetwork.initial(seed: 1, client: 0, heads: .zero)
      values.heads = .steps(
        outputs.map { output in
          AggregationHypernetwork.Heads.Step(
            input: Array(repeating: input, count: hypernetwork.headInputs),
            outputs: Array(
              repeating: output, count: hypernetwork.layerCount * hypernetwork.clientCount))
        })
      var state = method.initialState()
      state.clients[1] = values
      #expect(
        method.hypernetworkIsFinite(of: 1, state: state)
          == method.hypernetworkParameters(of: 1, state: state).allSatisfy(\.isFinite))
      return method.hypernetworkIsFinite(of: 1, state: state)
    }
    #expect(isFinite([1, -2]))
    // Not written out.
    #expect(
      !AggregationHypernetwork.Heads.steps([.init(input: [1, 2], outputs: [3, 4])]).mayOverflow)
    #expect(AggregationHypernetwork.Heads.dense([1]).mayOverflow)
    #expect(isFinite([3e38, -3e38]))
    #expect(!isFinite([3e38, 3e38]))
    #expect(!isFinite([1e30], input: 1e30))
    #expect(!isFinite([.infinity]))
    #expect(!isFinite([.nan, 1]))
    #expect(method.hypernetworkIsFinite(of: 0, state: method.initialState()))
  }
}
