import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Reports
import Testing

/// Claim 2: similar clients' weights grow, dissimilar ones' fall; a client and its neighbours dominate.
@Suite("Claims: similar clients")
struct SimilarClientsClaimTests {
  private func claims(_ sweeps: SweepResults...) -> [Claim] {
    Claims(sweeps, paper: HandMade.paper).claims.filter { $0.number == 2 }
  }

  /// Four clients: 0 and 1 share all classes, 2 and 3 too. All weights start at 1/4; each changes by
  /// so much from round to round, a little more with every seed.
  private func weights(
    _ name: String, own: Float, similar: Float, dissimilar: Float,
    seeds: [String] = ["0", "1", "2"]
  ) throws -> SweepResults {
    try HandMade.sweep(name, [("dataset", ["cifar10"]), ("seed", seeds)]) { place in
      let seed = UInt64(place["seed"] ?? "") ?? 0
      return HandMade.run(
        "pfedla", seed: seed, [nil, nil, [0.5, 0.5, 0.5, 0.5]], layers: ["fc1"],
        classes: [[0, 1], [0, 1], [2, 3], [2, 3]]
      ) { record in
        record.recordedRounds = [1, 2, 3]
        for round in 0..<3 {
          let scale = Float(round) * (1 + Float(seed) / 64)
          for client in 0..<4 {
            for source in 0..<4 {
              let change =
                client == source ? own : client / 2 == source / 2 ? similar : dissimilar
              record.weights.append(0.25 + scale * change)
            }
          }
        }
      }
    }
  }

  private func both(
    own: Float, similar: Float, dissimilar: Float, seeds: [String] = ["0", "1", "2"]
  )
    throws -> [Claim]
  {
    claims(
      try weights("figure5", own: own, similar: similar, dissimilar: dissimilar, seeds: seeds),
      try weights("figure6", own: own, similar: similar, dissimilar: dissimilar, seeds: seeds))
  }

  @Test("weights of similar clients grow, stay or fall")
  func grow() throws {
    for (growth, verdict) in [
      (Float(0.0625), Verdict.supported), (0, .tooCloseToMatter), (-0.0625, .refuted),
    ] {
      let claims = try both(own: growth, similar: growth, dissimilar: -growth)
      #expect(claims[0].part == "" && claims[0].verdict == verdict)
      let parts = Array(claims.dropFirst())
      #expect(parts.count == 5)
      #expect(parts.allSatisfy { $0.verdict == verdict })
      // Three seeds, not twelve clients.
      #expect(parts.allSatisfy { $0.contrast?.contrast.count == 3 })
      if growth > 0 {
        #expect(parts[0].part == "figure5, cifar10: similar clients' weights grow")
        #expect(parts[0].explanation.contains("0.2500 → 0.3770"))
        // 2 × 1/16 of four clients: half the equal weight, and a little more with every seed.
        let contrast = try #require(parts[0].contrast?.contrast)
        #expect(abs(contrast.differences[0] - 0.5) < 1e-6)
        #expect(abs(contrast.differences[2] - 0.5 * (1 + 2.0 / 64)) < 1e-6)
        #expect(contrast.smallestDifference == 0.05)
        #expect(parts[1].explanation.contains("0.2500 → 0.1230"))
        #expect(parts[3].part == "figure6, cifar10: the diagonal dominates")
      }
    }
  }

  @Test("similar clients' weights that fall refute the claim, though dissimilar ones fall faster")
  func similarFall() throws {
    // The client gets the weight that all others lose.
    let claims = try both(own: 0.078125, similar: -0.015625, dissimilar: -0.03125)
    let verdicts = Dictionary(
      uniqueKeysWithValues: claims.dropFirst().map { ($0.statement, $0.verdict) })
    #expect(
      verdicts == [
        "similar clients' weights grow": .refuted,
        "dissimilar clients' weights fall": .supported,
        "similar clients gain on dissimilar ones": .supported,
        "the diagonal dominates": .supported, "neighbours dominate the rest": .supported,
      ])
    #expect(claims[0].verdict == .refuted)
    #expect(
      claims[0].explanation.contains("Refuted: figure5, cifar10: similar clients' weights grow."))
  }

  @Test("a change below a twentieth of the equal weight is too close to matter")
  func smallChange() throws {
    // 2 × 1/256 × 4 clients = 0.03 of 1/N; twice that is 0.06.
    let small = try both(own: 0.0625, similar: 1.0 / 256, dissimilar: -0.0625)
    #expect(small[1].verdict == .tooCloseToMatter)
    #expect(small[0].verdict == .tooCloseToMatter)
    let larger = try both(own: 0.0625, similar: 2.0 / 256, dissimilar: -0.0625)
    #expect(larger[1].verdict == .supported)
    #expect(larger[0].verdict == .supported)
  }

  @Test("one or two seeds conclude nothing")
  func fewSeeds() throws {
    for seeds in [["0"], ["0", "1"]] {
      let claims = try both(own: 0.0625, similar: 0.0625, dissimilar: -0.0625, seeds: seeds)
      #expect(claims.allSatisfy { $0.verdict == .inconclusive })
      #expect(
        claims[0].explanation
          == "No part is conclusive: \(seeds.count == 1 ? "1 seed" : "2 seeds"); at least 3 are "
          + "needed.")
    }
  }

  @Test("one figure alone supports nothing, but can refute")
  func oneFigure() throws {
    let grow = claims(try weights("figure5", own: 0.0625, similar: 0.0625, dissimilar: -0.0625))
    #expect(grow[0].verdict == .inconclusive)
    #expect(grow[0].explanation.contains("Inconclusive: figure6."))
    #expect(grow.last?.explanation == "Figure 6 was not run.")
    let fall = claims(try weights("figure5", own: -0.0625, similar: -0.0625, dissimilar: 0.0625))
    #expect(fall[0].verdict == .refuted)
  }
}
