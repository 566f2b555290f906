import Dispatch
import Foundation
import NeuralNetworks
import Support
import Synchronization

/// The processes that share a run, seen from one of them: who keeps which clients' models, who works on which
/// clients, and how they exchange results.
///
/// Rank 0 leads; the others do what it asks for (`Federation.follow`). Each rank keeps the models of one stretch of
/// clients and answers requests on them from threads of its own. Nothing is summed in another order than in one
/// process, so that no bit depends on the number of ranks (`ClientBank`).
public final class RankGroup: Sendable {
  /// What messages are for.
  enum Tag {
    static let request = 1
    static let command = 2
    static let exchange = 3
    /// The first of the tags with which requests are answered: thousands, of which few are in use at a time.
    static let answer = 16
    static let answerCount = 16_000
  }

  private let transport: any RankTransport
  /// All clients' models, axes (client, parameter); empty where another rank keeps them.
  let shard = Guarded<[[Float]]>([])
  /// The command that is carried out, and the last one that the leader has ended early; counted from 1. A stop may
  /// arrive before its command.
  private let current = Atomic<Int>(0)
  private let stopped = Atomic<Int>(0)
  private let answers = Atomic<Int>(0)
  private let serviceCount: Int
  /// How many of a round's participants each rank trains before all exchange them.
  let participantsAtOnce: Int
  private let endedServices = DispatchSemaphore(value: 0)

  /// This process, from 0.
  public var rank: Int { transport.rank }
  /// Number of ranks.
  public var rankCount: Int { transport.rankCount }
  /// Whether this rank decides and writes.
  public var isLeader: Bool { rank == 0 }

  /// Begins to answer requests.
  /// - Parameters:
  ///   - transport: what carries the messages.
  ///   - workerCount: as many requests are answered at once.
  public convenience init(_ transport: any RankTransport, workerCount: Int) {
    self.init(transport, workerCount: workerCount, participantsAtOnce: 256)
  }

  /// The same with the number of a round's participants that each rank trains before all exchange them. It must be the
  /// same on all ranks.
  package init(_ transport: any RankTransport, workerCount: Int, participantsAtOnce: Int) {
    self.transport = transport
    self.participantsAtOnce = participantsAtOnce
    serviceCount = transport.rankCount > 1 ? max(1, workerCount) : 0
    for _ in 0..<serviceCount {
      let error = WorkerThread.start(stackBytes: WorkerPool.stackBytes) { [self] in
        while serve() {}
        endedServices.signal()
      }
      guard error == 0 else {
        transport.abort("ranks: a thread cannot be started; give fewer --workers")
      }
    }
  }

  /// Ends the run: lets the other ranks return from `Federation.follow`. Leader only.
  public func end() {
    command(.end)
    leave()
  }

  /// Ends the threads that answer requests, and then the transport.
  func leave() {
    var message = RankMessage()
    message.append(Request.end.rawValue)
    for _ in 0..<serviceCount { transport.send(message.bytes, to: rank, tag: Tag.request) }
    for _ in 0..<serviceCount { endedServices.wait() }
    transport.finish()
  }

  /// Ends all ranks with a line that says why.
  public func abort(_ reason: String) -> Never { transport.abort(reason) }

  /// The stretch of `count` things that a rank has: of clients, the models that it keeps.
  func part(_ rank: Int, of count: Int) -> Range<Int> {
    count * rank / rankCount..<count * (rank + 1) / rankCount
  }

  /// Who keeps a client's model.
  func owner(of client: Int, clientCount: Int) -> Int {
    // The last rank whose stretch begins at or before the client.
    ((client + 1) * rankCount - 1) / clientCount
  }
}

// MARK: - The leader's commands

extension RankGroup {
  /// What all ranks do next.
  enum Command: UInt8 {
    case start
    case round
    case evaluation
    case restoration
    case end
  }

  /// Lets the other ranks prepare the run (`awaitStart`). Leader only, after its own preparation, so that it alone prints
  /// an error in the specification.
  /// - Parameter identity: what decides the run's numbers, a line each; the others must have the same.
  public func start(_ identity: [String]) {
    var content = RankMessage()
    content.append(identity.joined(separator: "\n"))
    command(.start, content)
  }

  /// Waits for the leader's `start` and returns its identity; nil if there is nothing to do: this rank has then ended.
  /// Throws `FederationError` if the leader is another program.
  public func awaitStart() throws -> [String]? {
    var (command, content) = try nextCommand()
    guard command == .start else {
      leave()
      return nil
    }
    return try content.takeText().components(separatedBy: "\n")
  }

  /// Sends the other ranks a command. Leader only.
  func command(_ command: Command, _ content: RankMessage = RankMessage()) {
    let number = current.add(1, ordering: .sequentiallyConsistent).newValue
    var message = RankMessage()
    message.append(command.rawValue)
    message.append(number)
    message.append(content.bytes)
    for other in 1..<max(1, rankCount) {
      transport.send(message.bytes, to: other, tag: Tag.command)
    }
  }

  /// Waits for the leader's next command. Throws `FederationError` if it is unknown.
  func nextCommand() throws -> (Command, RankMessage) {
    var message = RankMessage(received: transport.receive(from: 0, tag: Tag.command).message)
    guard let command = Command(rawValue: try message.take()) else {
      throw FederationError("ranks: unknown command; start all ranks from the same program")
    }
    current.store(try message.take(), ordering: .sequentiallyConsistent)
    return (command, RankMessage(received: try message.takeArray()))
  }

  /// Sends a message to one rank, beside commands.
  func send(_ message: RankMessage, to rank: Int) {
    transport.send(message.bytes, to: rank, tag: Tag.exchange)
  }

  /// The next message of one rank, beside commands.
  func receive(from rank: Int) -> RankMessage {
    RankMessage(received: transport.receive(from: rank, tag: Tag.exchange).message)
  }
}

// MARK: - Exchange of results

extension RankGroup {
  /// How a rank's part of the work ended.
  private enum Ending: UInt8 {
    case done
    case stopped
    case failed
  }

  /// Whether the leader has ended the present command early.
  var isStopped: Bool {
    stopped.load(ordering: .sequentiallyConsistent)
      >= current.load(ordering: .sequentiallyConsistent)
  }

  /// Does this rank's part of some work and exchanges it with the others': results in the order of ranks.
  /// - Parameters:
  ///   - work: this rank's part.
  ///   - encode: what a rank is sent of it.
  ///   - decode: a rank's part from what it sent.
  ///   - shouldStop: asked by the leader while it waits for the others; it may have no work of its own.
  /// - Throws: what `work` throws; `WorkStopped` if it threw that on any rank; `FederationError` with another
  ///   rank's error. All ranks throw or none does.
  func exchange<Part>(
    work: () throws -> Part, encode: (Part, _ rank: Int) -> RankMessage,
    decode: (inout RankMessage, _ rank: Int) throws -> Part, shouldStop: StopCondition? = nil
  ) throws -> [Part] {
    let own = Result { try work() }
    var hasStopped = false
    func stop(_ condition: Bool) {
      guard isLeader, !hasStopped, condition else { return }
      hasStopped = true
      stopOthers()
    }
    if case .failure = own { stop(true) }
    func message(to rank: Int) -> RankMessage {
      var message = RankMessage()
      switch own {
      case .success(let part):
        message.append(Ending.done.rawValue)
        message.append(encode(part, rank).bytes)
      case .failure(let error):
        message.append((error is WorkStopped ? Ending.stopped : .failed).rawValue)
        message.append("\(error)")
      }
      return message
    }
    // Each step pairs every rank with one that it sends to and one that it receives from.
    var received: [Int: RankMessage] = [:]
    for step in 1..<max(1, rankCount) {
      let (target, source) = ((rank + step) % rankCount, (rank - step + rankCount) % rankCount)
      received[source] = transport.send(message(to: target).bytes, to: target, tag: Tag.exchange) {
        RankMessage(
          received: transport.receive(from: source, tag: Tag.exchange) {
            stop(shouldStop?() ?? false)
          }.message)
      }
    }
    var parts: [Part] = []
    var (wasStopped, failure): (Bool, String?) = (false, nil)
    do {
      for rank in 0..<rankCount {
        guard var message = received[rank] else {
          if case .success(let part) = own { parts.append(part) }
          continue
        }
        switch Ending(rawValue: try message.take()) {
        case .done:
          var content = RankMessage(received: try message.takeArray())
          parts.append(try decode(&content, rank))
        case .stopped: wasStopped = true
        default:
          let text = try message.takeText()
          failure = failure ?? "rank \(rank): \(text)"
        }
      }
    } catch {
      // Not every rank has this error, so the ranks can no longer continue together.
      abort("\(error)")
    }
    if let failure { throw FederationError(failure) }
    _ = try own.get()
    if wasStopped { throw WorkStopped() }
    return parts
  }

  /// Waits until all ranks have done something; throws where `exchange` would.
  func together(_ work: () throws -> Void = {}) throws {
    _ = try exchange(work: work, encode: { _, _ in RankMessage() }, decode: { _, _ in })
  }
}

// MARK: - Requests

extension RankGroup {
  /// What a rank asks of another.
  enum Request: UInt8 {
    case row
    case weightedSums
    case innerProducts
    case stop
    case end
  }

  /// Asks a rank and waits for its answer.
  func ask(_ request: Request, _ content: RankMessage, of rank: Int) -> RankMessage {
    let number = answers.add(1, ordering: .relaxed).newValue % Tag.answerCount
    var message = RankMessage()
    message.append(request.rawValue)
    message.append(number)
    message.append(content.bytes)
    transport.send(message.bytes, to: rank, tag: Tag.request)
    return RankMessage(
      received: transport.receive(from: rank, tag: Tag.answer + number).message)
  }

  /// Lets the other ranks end their part of the work early. Leader only.
  private func stopOthers() {
    var content = RankMessage()
    content.append(current.load(ordering: .sequentiallyConsistent))
    for other in 1..<max(1, rankCount) { _ = ask(.stop, content, of: other) }
  }

  /// Answers one request; false if that was the end.
  private func serve() -> Bool {
    let (bytes, sender) = transport.receive(from: nil, tag: Tag.request)
    do {
      var message = RankMessage(received: bytes)
      let request = Request(rawValue: try message.take())
      guard request != .end else { return false }
      let number = try message.take(Int.self)
      var content = RankMessage(received: try message.takeArray())
      let answer: RankMessage
      switch request {
      case .row: answer = try answerRow(&content)
      case .weightedSums: answer = try answerWeightedSums(&content)
      case .innerProducts: answer = try answerInnerProducts(&content)
      default:
        stopped.store(try content.take(), ordering: .sequentiallyConsistent)
        answer = RankMessage()
      }
      transport.send(answer.bytes, to: sender, tag: Tag.answer + number)
      return true
    } catch {
      transport.abort("\(error)")
    }
  }
}
