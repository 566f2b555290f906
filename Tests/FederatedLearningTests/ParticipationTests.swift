import FederatedLearning
import Testing

@Suite("Participation")
struct ParticipationTests {
  func draw(seed: UInt64 = 5, round: Int, share: Double = 0.1, of clients: Int = 100) -> [Int] {
    Participation.selected(seed: seed, round: round, share: share, clientCount: clients)
  }

  @Test("the share is rounded, and at least one client takes part")
  func counts() {
    let expected: [(Double, Int, Int)] = [
      (1, 1, 1), (1, 10, 10), (0.1, 100, 10), (0.5, 7, 4), (0.24, 10, 2), (0.25, 10, 3),
      (0.001, 10, 1), (0.95, 10, 10), (0.94, 10, 9),
    ]
    for (share, clients, count) in expected {
      #expect(Participation.count(share: share, clientCount: clients) == count)
      #expect(draw(round: 1, share: share, of: clients).count == count)
    }
  }

  @Test("participants are distinct clients in ascending order")
  func distinct() {
    for round in 1...200 {
      for share in [0.1, 0.3, 1] {
        let participants = draw(round: round, share: share, of: 20)
        #expect(zip(participants, participants.dropFirst()).allSatisfy { $0 < $1 })
        #expect(participants.allSatisfy { (0..<20).contains($0) })
      }
    }
    #expect(draw(round: 1, share: 1, of: 20) == Array(0..<20))
  }

  @Test("every client comes up, about as often as every other")
  func everyClient() {
    var counts = [Int](repeating: 0, count: 100)
    for round in 1...1000 {
      for client in draw(round: round) { counts[client] += 1 }
    }
    // Binomial with mean 100 and standard deviation 9.5: five deviations either way.
    #expect(counts.allSatisfy { (52...148).contains($0) })
  }

  @Test("participants follow from seed and round, and differ between them")
  func pure() {
    #expect(draw(round: 4) == draw(round: 4))
    #expect(draw(round: 4) != draw(round: 5))
    #expect(draw(round: 4) != draw(seed: 6, round: 4))
    // Committed results depend on these numbers.
    #expect(draw(seed: 1, round: 1, share: 0.3, of: 10) == [1, 2, 9])
    #expect(draw(seed: 1, round: 2, share: 0.3, of: 10) == [2, 6, 9])
  }

  @Test("the round loop draws with its seed, in rounds 1, 2, …")
  func roundLoop() throws {
    let small = SmallFederation.partial
    var federation = try small.start(Local.self)
    for round in 1...4 {
      let record = try federation.runRound()
      #expect(record.round == round)
      #expect(
        record.participants
          == draw(seed: small.seed, round: round, share: 0.5, of: 7))
    }
  }
}
