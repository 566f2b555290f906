import FederatedLearning
import Foundation
import NeuralNetworks
import Support
import Synchronization
import TestSupport
import Testing

@Suite("Ranks that share a run")
struct RanksTests {
  /// What a run leaves: three rounds, a restored state, two more rounds.
  struct Outcome: Equatable {
    var participants: [[Int]] = []
    var losses: [[UInt32]] = []
    var traffic: [[Traffic]] = []
    var work: [[NetworkWork]] = []
    var tests: [[Evaluation]] = []
    var received: [[[UInt32]]] = []
    var states: [Snapshot] = []

    mutating func enter<Method>(_ federation: inout Federation<Method>, rounds: Int) throws {
      for _ in 0..<rounds {
        let record = try federation.runRound()
        participants.append(record.participants)
        losses.append(record.trainLosses.bits)
        traffic.append(record.traffic)
        work.append(record.work)
        #expect(federation.divergences(after: record).isEmpty)
      }
      for clients in [Array(federation.clients), [1, 4]] {
        let test = try federation.evaluate(clients, predicting: clients.count == 2)
        tests.append(test.received + test.trained)
        #expect(
          tests.last?.allSatisfy { ($0.predicted?.count == $0.count) == (clients.count == 2) }
            == true)
      }
      received.append(try federation.models(.received).map(\.bits))
      states.append(Snapshot(federation))
    }
  }

  func outcome<Method: FederatedMethod>(_ federation: Federation<Method>) throws -> Outcome {
    var federation = federation
    var outcome = Outcome()
    try outcome.enter(&federation, rounds: 2)
    let (round, tensors) = (federation.state.round, federation.tensors)
    // All models, as a checkpoint has them.
    let bank = try ClientBank(
      parameterCount: federation.state.bank.parameterCount,
      rows: federation.clients.map { federation.state.bank[$0] })
    try outcome.enter(&federation, rounds: 1)
    try federation.restore(round: round, bank: bank, server: tensors)
    try outcome.enter(&federation, rounds: 2)
    return outcome
  }

  @Test("any number of ranks gives the same bits, for every method", arguments: methodNames)
  func everyMethod(name: String) throws {
    func check<Method: FederatedMethod>(_ type: Method.Type) throws {
      let small = SmallFederation.partial
      let alone = try outcome(small.start(type))
      // Also with several exchanges a round, and workers that differ between ranks.
      for (rankCount, workerCount, atOnce) in [(2, 2, 256), (3, 1, 1), (5, 1, 256)] {
        let shared = try ThreadRanks.run(
          rankCount, workerCount: workerCount, participantsAtOnce: atOnce,
          follower: { ranks in
            var other = small
            other.workerCount = 3 - workerCount
            var federation = try other.start(type)
            try federation.share(among: ranks)
            try federation.follow()
          },
          leader: { ranks in
            var federation = try small.start(type)
            try federation.share(among: ranks)
            return try outcome(federation)
          })
        #expect(shared == alone, "\(rankCount) ranks")
      }
    }
    try withMethod(name) { try check($0) }
  }

  @Test("more ranks than clients, or participants, have nothing to do and change nothing")
  func manyRanks() throws {
    var two = SmallFederation()
    two.trainCounts = [10, 7]
    let small = two
    var alone = try small.start(PFedLA.self)
    try alone.runRounds(3)
    let shared = try ThreadRanks.run(
      4,
      follower: { ranks in
        var federation = try small.start(PFedLA.self)
        try federation.share(among: ranks)
        try federation.follow()
      },
      leader: { ranks in
        var federation = try small.start(PFedLA.self)
        try federation.share(among: ranks)
        try federation.runRounds(3)
        return Snapshot(federation)
      })
    #expect(shared == Snapshot(alone))
  }

  @Test("each rank keeps its own clients' models only")
  func memory() throws {
    let small = SmallFederation.partial
    let kept = Guarded<[Int]>([])
    _ = try ThreadRanks.run(
      3,
      follower: { ranks in
        var federation = try small.start(FedAvg.self)
        try federation.share(among: ranks)
        try federation.follow()
        let count = federation.state.bank.rows.filter { !$0.isEmpty }.count
        kept.withLock { $0.append(count) }
      },
      leader: { ranks in
        var federation = try small.start(FedAvg.self)
        try federation.share(among: ranks)
        try federation.runRounds(3)
        let count = federation.state.bank.rows.filter { !$0.isEmpty }.count
        kept.withLock { $0.append(count) }
      })
    #expect(kept.withLock { $0.sorted() } == [2, 2, 3])
  }

  @Test("a stop on the leader ends the round on every rank and leaves the state as it was")
  func stop() throws {
    let small = SmallFederation.partial
    let begun = Atomic<Int>(0)
    let outcome = try ThreadRanks.run(
      3,
      follower: { ranks in
        var federation = try small.start(PFedLA.self)
        try federation.share(among: ranks)
        try federation.follow()
      },
      leader: { ranks in
        var federation = try small.start(PFedLA.self)
        try federation.share(among: ranks)
        try federation.runRounds(1)
        let before = Snapshot(federation)
        // The first question is answered with no, the second with yes.
        federation.watch = RoundWatch(
          shouldStop: { begun.add(1, ordering: .relaxed).newValue > 1 }, advanced: { _, _, _ in })
        #expect(throws: WorkStopped.self) { try federation.runRound() }
        #expect(throws: WorkStopped.self) { try federation.evaluate() }
        #expect(Snapshot(federation) == before)
        federation.watch = nil
        try federation.runRounds(2)
        return Snapshot(federation)
      })
    var alone = try small.start(PFedLA.self)
    try alone.runRounds(3)
    #expect(outcome == Snapshot(alone))
  }

  @Test("the other ranks hear of a stop, even if it was there before the round began")
  func stopIsHeard() throws {
    let small = SmallFederation.partial
    let heard = Guarded<[Bool]>([])
    try ThreadRanks.run(
      3,
      follower: { ranks in
        let engine = PatientEngine(engine: try small.engine()) { isStopped in
          heard.withLock { $0.append(isStopped) }
        }
        var federation = try small.start(PFedLA.self, engine: engine)
        try federation.share(among: ranks)
        try federation.follow()
      },
      leader: { ranks in
        var federation = try small.start(PFedLA.self)
        try federation.share(among: ranks)
        federation.watch = RoundWatch(shouldStop: { true }, advanced: { _, _, _ in })
        #expect(throws: WorkStopped.self) { try federation.runRound() }
        #expect(throws: WorkStopped.self) { try federation.evaluate() }
      })
    // In a round it may come before the first client; in an evaluation nothing is before the clients.
    let answers = heard.withLock { $0 }
    #expect((2...4).contains(answers.count) && answers.allSatisfy { $0 })
  }

  @Test("an error on one rank is every rank's, and names it")
  func failure() throws {
    let small = SmallFederation.partial
    try ThreadRanks.run(
      2,
      follower: { ranks in
        var federation = try small.start(
          FedAvg.self, engine: FailingEngine(engine: try small.engine()))
        try federation.share(among: ranks)
        try federation.follow()
      },
      leader: { ranks in
        var federation = try small.start(FedAvg.self)
        try federation.share(among: ranks)
        let error = #expect(throws: FederationError.self) { try federation.runRound() }
        #expect("\(try #require(error))".contains("rank 1: out of order"))
        #expect(federation.state.round == 0)
      })
  }

  @Test("an unfinished message is an error, never a crash")
  func messages() throws {
    var whole = RankMessage()
    whole.append(7)
    whole.append("word")
    whole.append([[1, 2], [3]] as [[Float]])
    func read(_ bytes: [UInt8]) throws -> (Int, String, [[Float]]) {
      var message = RankMessage(received: bytes)
      return (try message.take(), try message.takeText(), try message.takeArrays())
    }
    let (number, text, arrays) = try read(whole.bytes)
    #expect(number == 7 && text == "word" && arrays == [[1, 2], [3]])
    for length in whole.bytes.indices {
      #expect(throws: FederationError.self) { try read(Array(whole.bytes[..<length])) }
    }
    // A length that no message has.
    var long = RankMessage()
    long.append(Int.max)
    for bytes in [long.bytes, [UInt8](repeating: 0xff, count: 64)] {
      var message = RankMessage(received: bytes)
      #expect(throws: FederationError.self) { try message.takeArray(of: Double.self) }
      message = RankMessage(received: bytes)
      #expect(throws: FederationError.self) { try message.takeArrays(of: Double.self) }
    }
  }

  /// Works on clients only after it has waited for a stop, for ten seconds at most.
  struct PatientEngine: TrainingEngine {
    let engine: ProcessorTrainingEngine
    let heard: @Sendable (Bool) -> Void
    var layout: ParameterLayout { engine.layout }
    var inputSize: Int { engine.inputSize }
    var workerCount: Int { engine.workerCount }

    func inParallel(_ count: Int, _ body: @escaping @Sendable (_ piece: Int) throws -> Void) throws
    {
      try engine.inParallel(count, body)
    }

    func forEachClient(
      _ count: Int, unless shouldStop: StopCondition?,
      _ body: @escaping @Sendable (_ client: Int, _ network: any LocalNetwork) throws -> Void
    ) throws {
      let end = ContinuousClock.now + .seconds(10)
      while shouldStop?() != true, ContinuousClock.now < end { usleep(200) }
      heard(shouldStop?() == true)
      try engine.forEachClient(count, unless: shouldStop, body)
    }
  }

  /// Fails in the first round.
  struct FailingEngine: TrainingEngine {
    struct OutOfOrder: Error, CustomStringConvertible {
      var description: String { "out of order" }
    }

    let engine: ProcessorTrainingEngine
    var layout: ParameterLayout { engine.layout }
    var inputSize: Int { engine.inputSize }
    var workerCount: Int { engine.workerCount }

    func inParallel(_ count: Int, _ body: @escaping @Sendable (_ piece: Int) throws -> Void) throws
    {
      try engine.inParallel(count, body)
    }

    func forEachClient(
      _ count: Int, unless shouldStop: StopCondition?,
      _ body: @escaping @Sendable (_ client: Int, _ network: any LocalNetwork) throws -> Void
    ) throws {
      throw OutOfOrder()
    }
  }
}
