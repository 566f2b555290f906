import FederatedLearning
import NeuralNetworks

/// Which classes test samples were taken for: after each recorded round, how many test samples of each class a client's
/// received and trained model predict to be of each class.
///
/// As arrays the counts have the axes (recorded round, client, class, predicted class). Here only the entries above 0 are
/// held: a client has at most as many as test samples. A sample with a score that is not a number is not counted.
public struct ClassConfusion: Sendable, Equatable {
  /// The entries of one model that are above 0.
  public struct Entries: Sendable, Equatable {
    /// Their places in the array, row-major, ascending.
    package internal(set) var places: [Int32] = []
    /// Their counts, in the same order.
    package internal(set) var counts: [Int32] = []
  }

  /// An entry that is above 0 under at least one model.
  public struct Entry: Sendable, Equatable {
    /// The place of the recorded round among `RunRecord.classCountRounds`.
    public let recorded: Int
    /// The client.
    public let client: Int
    /// The samples' class.
    public let label: Int
    /// The class that they are taken for.
    public let predicted: Int
    /// How many by the received model.
    public let received: Int32
    /// How many by the trained model.
    public let trained: Int32
  }

  /// Clients.
  public let clientCount: Int
  /// Classes of the dataset.
  public let classCount: Int
  /// The received models' entries.
  public package(set) var received = Entries()
  /// The trained models' entries.
  public package(set) var trained = Entries()

  /// Counts of no round yet.
  package init(clientCount: Int, classCount: Int) {
    self.clientCount = clientCount
    self.classCount = classCount
  }

  /// A model that is evaluated.
  struct Model: Sendable {
    /// Its name: received or trained.
    let word: String
    /// Its entries.
    let entries: WritableKeyPath<ClassConfusion, Entries> & Sendable
    /// Its counts of correct samples, which are the diagonals.
    let correct: KeyPath<RunRecord, [Int32]> & Sendable
    /// The name of its array in files.
    var name: String { "confusion_\(word)" }
  }

  /// The two models.
  static let models = [
    Model(word: "received", entries: \.received, correct: \.correctReceived),
    Model(word: "trained", entries: \.trained, correct: \.correctTrained),
  ]

  /// Numbers of a client's table.
  var tableSize: Int { classCount * classCount }
  /// Numbers of a recorded round.
  var recordSize: Int { clientCount * tableSize }

  /// The most numbers of an array: 1 GiB before compression, which a reader that loads it needs.
  package static let mostValues = 1 << 28

  /// Numbers of an array, without overflow.
  static func values(records: Int, clientCount: Int, classCount: Int) -> Double {
    Double(records) * Double(clientCount) * Double(classCount) * Double(classCount)
  }

  /// Throws `SpecificationError` if the arrays of a run would be too large.
  static func requireFits(records: Int, clientCount: Int, classCount: Int) throws {
    let one = values(records: 1, clientCount: clientCount, classCount: classCount)
    guard one * Double(records) > Double(mostValues) else { return }
    let most = Int(Double(mostValues) / one)
    throw SpecificationError(
      "record_class_confusion: found \(records) recorded rounds of \(clientCount) clients and \(classCount)² pairs of "
        + "classes, expected at most \(mostValues) counts in all; "
        + (most > 0
          ? "give a larger record_class_counts_every, so that at most \(most) are recorded"
          : "one round alone has more: leave the key out"))
  }

  /// Enters the predictions of a round for some clients.
  /// - Parameters:
  ///   - evaluations: with predicted classes, axis (place in `clients`), in the order of the client's test samples.
  ///   - clients: ascending.
  ///   - recorded: the round's place among the recorded ones, behind those entered before.
  mutating func enter(
    _ evaluations: [Evaluation], _ model: WritableKeyPath<Self, Entries>, of clients: [Int],
    _ data: FederatedData, recorded: Int
  ) {
    for (client, evaluation) in zip(clients, evaluations) {
      let start = recorded * recordSize + client * tableSize
      let places = zip(data.test[client], evaluation.predicted ?? []).compactMap {
        sample, predicted in
        predicted == Evaluation.noPrediction
          ? nil : Int32(start + Int(data.images.labels[Int(sample)]) * classCount + Int(predicted))
      }
      for place in places.sorted() { self[keyPath: model].add(1, at: place) }
    }
  }

  /// Takes over a recorded round of other counts.
  mutating func take(_ old: Int, of other: ClassConfusion, as new: Int) {
    let shift = Int32((new - old) * recordSize)
    for model in Self.models {
      let entries = other[keyPath: model.entries]
      for index in entries.range(old * recordSize..<(old + 1) * recordSize) {
        self[keyPath: model.entries].add(entries.counts[index], at: entries.places[index] + shift)
      }
    }
  }

  /// The counts of only the first recorded rounds.
  func first(_ records: Int) -> ClassConfusion {
    var first = ClassConfusion(clientCount: clientCount, classCount: classCount)
    for record in 0..<records { first.take(record, of: self, as: record) }
    return first
  }

  /// A model's counts in a recorded round, axes (client, class, predicted class).
  package func table(_ model: KeyPath<Self, Entries>, recorded: Int) -> [Int32] {
    let entries = self[keyPath: model]
    let start = recorded * recordSize
    var table = [Int32](repeating: 0, count: recordSize)
    for index in entries.range(start..<start + recordSize) {
      table[Int(entries.places[index]) - start] = entries.counts[index]
    }
    return table
  }

  /// The entries that are above 0 under at least one model, in the order of the array.
  public var entries: [Entry] {
    let counts = [received, trained].map {
      Dictionary(zip($0.places, $0.counts), uniquingKeysWith: +)
    }
    return Set(received.places + trained.places).sorted().map { key in
      let place = Int(key)
      return Entry(
        recorded: place / recordSize, client: place / tableSize % clientCount,
        label: place / classCount % classCount, predicted: place % classCount,
        received: counts[0][key] ?? 0, trained: counts[1][key] ?? 0)
    }
  }
}

extension ClassConfusion.Entries {
  /// Adds to the last entry, or to one behind it.
  mutating func add(_ count: Int32, at place: Int32) {
    if places.last == place {
      counts[counts.count - 1] += count
    } else {
      places.append(place)
      counts.append(count)
    }
  }

  /// The indices of the entries at those places of the array.
  func range(_ wanted: Range<Int>) -> Range<Int> {
    firstIndex(from: wanted.lowerBound)..<firstIndex(from: wanted.upperBound)
  }

  /// The index of the first entry at or behind a place, by bisection.
  private func firstIndex(from place: Int) -> Int {
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      if Int(places[middle]) < place { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
