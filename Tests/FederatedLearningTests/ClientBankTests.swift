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
    bank.weightedSum(weights, columns: columns, into: &target)
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
    let found = bank.innerProducts(with: [vector], columns: columns)[0]
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

  /// Sizes around vectors, stretches and blocks; numbers of clients around groups of rows.
  static let shapes = [
    (1, 1), (16, 2), (511, 3), (512, 4), (530, 5), (1024, 7), (2100, 13), (600, 21),
  ]

  @Test(
    "weighted sums for several receivers are naive sums in client order, bit for bit",
    arguments: shapes)
  func sumsInOrder(size: Int, clients: Int) throws {
    let bank = try bank(columns: size, clients: clients)
    let columns = Self.margin..<Self.margin + size
    for receivers in 1...11 {
      // Some weights are 0, one receiver keeps its model and one has no sources.
      let weights: [[Float]?] = (0..<receivers).map { receiver in
        if receiver == 5 { return nil }
        let drawn = HashFill.signed(salt: 40 + UInt32(receiver), count: clients, bound: 1)
        return drawn.enumerated().map {
          receiver == 6 || (receiver + $0.offset) % 5 == 3 && receiver > 1 ? 0 : $0.element
        }
      }
      let start = (0..<receivers).map { receiver in
        [Float](repeating: Float(-receiver), count: bank.parameterCount)
      }
      var found = start
      bank.weightedSums(weights, columns: columns, into: &found)
      for (receiver, weights) in weights.enumerated() {
        var expected = start[receiver]
        if let weights {
          for column in columns {
            let terms = weights.indices.filter { weights[$0] != 0 }
              .map { weights[$0] * bank[$0][column] }
            expected[column] = terms.first.map { terms.dropFirst().reduce($0, +) } ?? 0
          }
        }
        #expect(found[receiver].bits == expected.bits, "\(receivers) receivers, \(receiver)")
      }
    }
  }

  @Test(
    "inner products with several vectors are summed in the documented order, bit for bit",
    arguments: shapes)
  func productsInOrder(size: Int, clients: Int) throws {
    let bank = try bank(columns: size, clients: clients)
    let columns = Self.margin..<Self.margin + size
    func naive(_ a: [Float], _ b: [Float]) -> Double {
      var total = 0.0
      for start in stride(from: columns.lowerBound, to: columns.upperBound, by: 512) {
        var lanes = [Float](repeating: 0, count: 16)
        for column in start..<min(start + 512, columns.upperBound) {
          lanes[(column - start) % 16] += a[column] * b[column]
        }
        var sums = lanes.map(Double.init)
        for half in [8, 4, 2, 1] { sums = (0..<half).map { sums[$0] + sums[$0 + half] } }
        total += sums[0]
      }
      return total
    }
    for count in 1...11 {
      let vectors = (0..<count).map {
        HashFill.signed(salt: 60 + UInt32($0), count: bank.parameterCount, bound: 2)
      }
      let found = bank.innerProducts(with: vectors, columns: columns)
      let expected = vectors.map { vector in bank.rows.map { naive($0, vector) } }
      #expect(found.map { $0.map(\.bitPattern) } == expected.map { $0.map(\.bitPattern) })
    }
  }

  @Test("what is not a number in a source reaches only the receivers that take it")
  func noLeak() throws {
    var bank = try bank(columns: 600, clients: 8)
    bank.store([Float](repeating: .nan, count: bank.parameterCount), of: 2)
    let weights: [[Float]] = (0..<8).map { receiver in
      (0..<8).map { $0 == 2 && receiver != 3 ? 0 : 0.125 }
    }
    var models = [[Float]](repeating: bank[0], count: 8)
    bank.weightedSums(weights, columns: 0..<bank.parameterCount, into: &models)
    for (receiver, model) in models.enumerated() {
      #expect(model.allSatisfy { $0.isNaN == (receiver == 3) })
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

  @Test(
    "more clients than a kernel gets at a time: sums continue in client order, products are each client's own"
  )
  func manyClients() throws {
    let (clients, parameters) = (600, 37)
    let rows = HashFill.signed(salt: 13, count: clients * parameters, bound: 2).rows(of: parameters)
    let bank = try ClientBank(parameterCount: parameters, rows: rows)
    var weights = HashFill.unit(salt: 14, count: clients)
    for client in stride(from: 0, to: clients, by: 7) { weights[client] = 0 }
    var model = rows[0]
    bank.weightedSum(weights, columns: 5..<30, into: &model)
    for index in 5..<30 {
      var sum: Float = -0.0
      for client in 0..<clients where weights[client] != 0 {
        sum += weights[client] * rows[client][index]
      }
      #expect(model[index].bitPattern == sum.bitPattern)
    }
    #expect(model[..<5] == rows[0][..<5] && model[30...] == rows[0][30...])

    let vectors = [rows[3], rows[599]]
    let products = bank.innerProducts(with: vectors, columns: 0..<parameters)
    for client in [0, 63, 64, 255, 256, 511, 512, 599] {
      let alone = try ClientBank(parameterCount: parameters, rows: [rows[client]])
        .innerProducts(with: vectors, columns: 0..<parameters)
      #expect(products.map { $0[client] } == alone.map { $0[0] })
    }
  }
}
