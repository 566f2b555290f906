import Experiments
import ExperimentsTestSupport
import Testing

/// Where a weight and a retained layer stand in a record.
@Suite("Weights of a record")
struct WeightViewTests {
  private func result(_ change: (inout RunRecord) -> Void = { _ in }) -> RunResult {
    var record = SweepFixtures.record(rounds: 3, clients: 2, layers: 3, recorded: [1, 3]) {
      round, client, layer, source in
      Float(1000 * round + 100 * client + 10 * layer + source)
    }
    record.retained = (0..<12).map { [1, 3, 8].contains($0) }
    change(&record)
    return SweepFixtures.run(record, layers: ["conv1", "fc1", "fc2"])
  }

  @Test("every weight is found by its round, client, layer and source")
  func weights() throws {
    let view = try #require(WeightView(result()))
    #expect(view.rounds == [1, 3])
    #expect(view.layers == ["conv1", "fc1", "fc2"])
    for (position, round) in view.rounds.enumerated() {
      for client in 0..<2 {
        for layer in 0..<3 {
          for source in 0..<2 {
            let expected = Double(1000 * round + 100 * client + 10 * layer + source)
            #expect(
              view.weight(position: position, client: client, layer: layer, source: source)
                == expected)
          }
        }
      }
    }
    #expect(view.last(client: 1, layer: 2) == [3120, 3121])
  }

  @Test("retained layers have axes (recorded round, client, layer)")
  func retained() throws {
    let view = try #require(WeightView(result()))
    #expect(view.hasRetained)
    #expect(view.isRetained(position: 0, client: 0, layer: 1))
    #expect(view.isRetained(position: 0, client: 1, layer: 0))
    #expect(view.isRetained(position: 1, client: 0, layer: 2))
    #expect(!view.isRetained(position: 1, client: 1, layer: 2))
    let none = try #require(WeightView(result { $0.retained = [] }))
    #expect(!none.hasRetained && !none.isRetained(position: 0, client: 0, layer: 1))
  }

  @Test("a record without weights, or with too few, has no view")
  func misfits() {
    #expect(WeightView(result { $0.recordedRounds = [] }) == nil)
    #expect(WeightView(result { $0.weights.removeLast() }) == nil)
    #expect(WeightView(result { $0.recordedRounds = [1, 2, 3] }) == nil)
  }
}
