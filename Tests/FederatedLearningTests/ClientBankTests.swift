import FederatedLearning
import TestSupport
import Testing

@Suite("Client bank")
struct ClientBankTests {
  static let sizes = [0, 1, 15, 16, 17, 1023, 1024, 1025, 5000]
  /// Columns before and after those that a kernel works on.
  static let margin = 3

  func bank(columns: Int, clients: Int = 5) throws -> ClientBank {
    let count = columns + 2 * Self.margin
    return try ClientBank(
      parameterCount: count,
      rows: HashFill.signed(salt: 11, count: clients * count, bound: 2).rows(of: count))
  }

  func weightedSum(_ bank: ClientBank, _ weights: [Float], _ columns: Range<Int>) -> [Float] {
    var target = [Float](repeating: -7, count: bank.parameterCount)
    target.withUnsafeMutableBufferPointer {
      bank.weightedSum(weights, columns: columns, into: $0)
    }
    return target
  }

  @Test("weighted sum against sums in double precision", arguments: sizes)
  func weightedSum(size: Int) throws {
    let bank = try bank(columns: size)
    let weights = HashFill.unit(salt: 12, count: 5)
    let columns = Self.margin..<Self.margin + size
    let expected = (0..<bank.parameterCount).map { column in
      columns.contains(column)
        ? (0..<5).reduce(0.0) {
          $0 + Double(weights[$1]) * Double(bank.values[$1 * bank.parameterCount + column])
        }
        : -7
    }
    expectClose(
      weightedSum(bank, weights, columns).map(Double.init), expected, absolute: 2e-6, "sum")
  }

  @Test("inner products against sums in double precision", arguments: sizes)
  func innerProducts(size: Int) throws {
    let bank = try bank(columns: size)
    let vector = HashFill.signed(salt: 13, count: bank.parameterCount, bound: 2)
    let columns = Self.margin..<Self.margin + size
    let found = vector.withUnsafeBufferPointer { bank.innerProducts(with: $0, columns: columns) }
    #expect(found.count == 5)
    for client in 0..<5 {
      let terms = columns.map {
        Double(vector[$0]) * Double(bank.values[client * bank.parameterCount + $0])
      }
      expectClose(
        found[client], terms.reduce(0, +), absolute: 1e-6 * terms.reduce(0) { $0 + abs($1) },
        "client \(client)")
    }
  }

  @Test("a source with weight 0 is left out, even if it is not a number", arguments: sizes)
  func zeroWeight(size: Int) throws {
    let whole = try bank(columns: size)
    var damaged = whole
    damaged.store([Float](repeating: .nan, count: whole.parameterCount), of: 0)
    damaged.store([Float](repeating: .infinity, count: whole.parameterCount), of: 3)
    let columns = Self.margin..<Self.margin + size
    let weights: [Float] = [0, 0.25, 0.5, 0, 0.25]
    #expect(
      weightedSum(damaged, weights, columns).bits == weightedSum(whole, weights, columns).bits)
    let none = weightedSum(damaged, [0, 0, 0, 0, 0], columns)
    #expect(columns.allSatisfy { none[$0] == 0 })
  }

  @Test("a single weight of 1 copies bit for bit")
  func copies() throws {
    let row: [Float] = [-0.0, 0.0, .leastNonzeroMagnitude, -.greatestFiniteMagnitude, 0.1]
    var bank = ClientBank(clientCount: 3, initial: [1, 2, 3, 4, 5])
    bank.store(row, of: 1)
    #expect(weightedSum(bank, [0, 1, 0], 0..<5).bits == row.bits)
  }

  @Test("rows are stored and read one by one")
  func rows() throws {
    var bank = ClientBank(clientCount: 3, initial: [1, 2])
    #expect(bank.values == [1, 2, 1, 2, 1, 2])
    bank.store([8, 9], of: 1)
    #expect(bank.values == [1, 2, 8, 9, 1, 2])
    #expect(Array(bank[1]) == [8, 9])
    #expect(
      try bank == ClientBank(parameterCount: 2, rows: [[1, 2], [8, 9], [1, 2]]))
  }

  @Test("a wrong number of values is an error")
  func wrongCount() {
    #expect(throws: FederationError("client bank: 1 values of client 2, expected 2")) {
      try ClientBank(parameterCount: 2, rows: [[1, 2], [3, 4], [5]])
    }
  }

  @Test("storing a model replaces one row, copies none, and leaves copies of the bank alone")
  func sharing() throws {
    func place(_ row: [Float]) -> Int {
      row.withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
    }
    let before = ClientBank(clientCount: 3, initial: [1, 2])
    #expect(Set(before.rows.map(place)).count == 1)
    let model: [Float] = [8, 9]
    var after = before
    after.store(model, of: 1)
    #expect(after.rows.map(place) == [place(before[0]), place(model), place(before[0])])
    #expect(before.rows == [[1, 2], [1, 2], [1, 2]])
  }
}
