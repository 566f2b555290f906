import NeuralNetworks

/// The latest model of every client, axes (client, parameter): a row for each client.
///
/// It starts with the same initial model in every row; a participant's row becomes its model after
/// each local training. Aggregation and the hypernetworks' gradient are matrix products over a
/// layer's columns.
///
/// Rows are shared until they are replaced: a fresh bank holds the initial model once, and a copy of a
/// bank shares every row that neither of the two has replaced since.
///
/// Where several ranks share a run, each keeps the rows of its own clients and asks the others for theirs; all
/// results are those of the whole bank.
public struct ClientBank: Sendable, Equatable {
  /// Number of columns.
  public let parameterCount: Int
  /// The models, axes (client, parameter); a row is empty where another rank keeps it.
  public private(set) var rows: [[Float]]
  /// Who keeps the other rows; nil if all are here.
  private(set) var ranks: RankGroup?

  /// Number of rows.
  public var clientCount: Int { rows.count }

  /// Every client starts with `initial`, axis (parameter).
  public init(clientCount: Int, initial: [Float]) {
    parameterCount = initial.count
    rows = Array(repeating: initial, count: clientCount)
  }

  /// The bank of the given models, axes (client, parameter). Throws `FederationError` unless each has
  /// `parameterCount` values.
  public init(parameterCount: Int, rows: [[Float]]) throws {
    if let client = rows.firstIndex(where: { $0.count != parameterCount }) {
      throw FederationError(
        "client bank: \(rows[client].count) values of client \(client), expected \(parameterCount)")
    }
    self.parameterCount = parameterCount
    self.rows = rows
  }

  /// One client's model, axis (parameter).
  public subscript(client: Int) -> [Float] {
    guard let ranks, rows[client].isEmpty else { return rows[client] }
    return ranks.row(of: client, clientCount: clientCount)
  }

  /// Replaces one client's model; `model` must have `parameterCount` values.
  public mutating func store(_ model: [Float], of client: Int) {
    precondition(model.count == parameterCount, "a model has \(parameterCount) parameters")
    rows[client] = model
  }

  /// Keeps this rank's rows only, and those of the others there. Every rank has the same bank before.
  mutating func share(among ranks: RankGroup) {
    guard ranks.rankCount > 1 else { return }
    self.ranks = ranks
    let own = ranks.part(ranks.rank, of: clientCount)
    for client in rows.indices where !own.contains(client) { rows[client] = [] }
    serve()
  }

  /// Lets the other ranks see this rank's rows as they are now.
  func serve() { ranks?.shard.withLock { $0 = rows } }

  /// Stretches of ascending clients whose rows are at one place, with the rank that keeps them; nil for rows that
  /// are here.
  func stretches(of clients: [Int]) -> [(clients: ArraySlice<Int>, rank: Int?)] {
    guard let ranks else { return [(clients[...], nil)] }
    let places = clients.map {
      rows[$0].isEmpty ? ranks.owner(of: $0, clientCount: clientCount) : nil
    }
    var stretches: [(clients: ArraySlice<Int>, rank: Int?)] = []
    var start = 0
    for end in 1...max(1, clients.count)
    where end >= clients.count || places[end] != places[start] {
      guard start < clients.count else { break }
      stretches.append((clients[start..<end], places[start]))
      start = end
    }
    return stretches
  }

  /// Whether all models are equal.
  public static func == (left: ClientBank, right: ClientBank) -> Bool {
    left.parameterCount == right.parameterCount && left.clientCount == right.clientCount
      && left.rows.indices.allSatisfy { left[$0] == right[$0] }
  }
}
