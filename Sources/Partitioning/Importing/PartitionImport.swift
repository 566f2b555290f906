import Foundation
import NumPyFiles
import Support

/// Partitions that other programs made, by the ending of the file's name:
///
/// - `.csv`: columns `client`, `split` (train or test) and `index`, in any order, a row a sample.
/// - `.json`: `{"train": [[index, …], …], "test": [[index, …], …]}`, or a list with `{"train": […], "test": […]}` for
///   each client.
/// - `.npz`: arrays `client`, `split` and `index` of equal length; or `train_0`, `test_0`, `train_1`, ….
///
/// Clients are numbered from 0. An index is a sample's place in the dataset's published files one after another.
public enum PartitionImport {
  /// The endings that are understood.
  public static let endings = ["csv", "json", "npz"]

  /// Reads a file, and checks it against the dataset with these labels, [sample].
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - testOffset: what is added to each test index: the number of training samples, for files that count test
  ///     samples from 0.
  ///   - labels: the class of every sample of the dataset; −1 for one not selected.
  ///   - classCount: the number of classes.
  ///   - dataset: the dataset's name, for the record.
  ///   - datasetSHA256: the digest of the dataset's content, for the record.
  /// - Throws: `PartitionError` or `NumPyError` naming the file and the place in it.
  public static func load(
    from path: String, testOffset: Int = 0, labels: [Int32], classCount: Int, dataset: String,
    datasetSHA256: String
  ) throws -> Partition {
    let ending = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
    let rows: ImportedRows
    switch ending {
    case "csv": rows = try csv(text(path), source: path)
    case "json": rows = try json(bytes(path), source: path)
    // No partition has more samples than the dataset.
    case "npz": rows = try npz(NumPyFile(path: path), most: labels.count, source: path)
    default:
      throw PartitionError(
        path,
        "has the ending .\(ending), expected one of .\(endings.joined(separator: ", .")); a .h5 file can be "
          + "used as it is, as partition.file")
    }
    do {
      return try Partition(
        train: indices(rows.train, offset: 0, source: path),
        test: indices(rows.test, offset: testOffset, source: path), labels: labels,
        classCount: classCount, settings: [PartitionSetting("imported_from", fileName(path))],
        dataset: dataset, datasetSHA256: datasetSHA256)
    } catch let error as PartitionError where error.subject == PartitionCheck.inMemory {
      throw PartitionError(path, error.problem)
    }
  }

  /// The last part of a path, what is not plain replaced: it becomes a line of the partition's settings.
  private static func fileName(_ path: String) -> String {
    String(
      (path.split(separator: "/").last ?? "").map {
        $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_"
      })
  }

  /// What a file says, short and without control characters.
  static func short(_ text: some StringProtocol) -> String {
    Escaping.error(text, atMost: 40)
  }

  private static func indices(_ rows: [[Int]], offset: Int, source: String) throws -> [[Int32]] {
    try rows.enumerated().map { client, row in
      try row.map { index in
        let (sum, overflow) = index.addingReportingOverflow(offset)
        guard !overflow, let place = Int32(exactly: sum) else {
          throw PartitionError(
            source, "client \(client) has the index \(index), expected one of the dataset")
        }
        return place
      }
    }
  }

  private static func bytes(_ path: String) throws -> Data {
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw PartitionError(path, "cannot be read; expected a readable file")
    }
  }

  private static func text(_ path: String) throws -> String {
    let text = String(decoding: try bytes(path), as: UTF8.self)
    // Spreadsheets begin a file with a byte-order mark.
    return text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
  }

  // MARK: CSV

  private static func csv(_ text: String, source: String) throws -> ImportedRows {
    let lines = text.split(whereSeparator: \.isNewline)
    let columns = (lines.first.map(fields) ?? []).map { $0.lowercased() }
    let places = ["client", "split", "index"].map { columns.firstIndex(of: $0) }
    guard let client = places[0], let split = places[1], let index = places[2] else {
      throw PartitionError(
        source,
        "has the columns \(short(columns.joined(separator: ", "))), expected client, split and index"
      )
    }
    let table = try lines.dropFirst().enumerated().map { number, line in
      let fields = fields(line)
      guard fields.count == columns.count, let owner = Int(fields[client]),
        let sample = Int(fields[index])
      else {
        throw PartitionError(
          source,
          "row \(number + 1): found \"\(short(line))\", expected \(short(columns.joined(separator: ",")))"
        )
      }
      return (client: owner, split: fields[split], index: sample)
    }
    return try ImportedRows(table, source: source)
  }

  private static func fields(_ line: Substring) -> [String] {
    line.split(separator: ",", omittingEmptySubsequences: false).map { field in
      let field = field.trimmingCharacters(in: .whitespaces)
      return field.count > 1 && field.hasPrefix("\"") && field.hasSuffix("\"")
        ? String(field.dropFirst().dropLast()) : field
    }
  }

  // MARK: JSON

  /// What a client or all of them have.
  private struct Splits<Samples: Decodable>: Decodable {
    let train: Samples
    let test: Samples
    let val: Samples?
  }

  private static func json(_ bytes: Data, source: String) throws -> ImportedRows {
    let decoder = JSONDecoder()
    let rows: ImportedRows
    let validation: [[Int]]
    if let clients = try? decoder.decode([Splits<[Int]>].self, from: bytes) {
      rows = ImportedRows(train: clients.map(\.train), test: clients.map(\.test))
      validation = clients.map { $0.val ?? [] }
    } else if let all = try? decoder.decode(Splits<[[Int]]>.self, from: bytes) {
      rows = ImportedRows(train: all.train, test: all.test)
      validation = all.val ?? []
    } else {
      throw PartitionError(
        source,
        "expected {\"train\": [[index, …], …], \"test\": [[index, …], …]} with a list for each client, or "
          + "a list with {\"train\": [index, …], \"test\": [index, …]} for each client")
    }
    guard validation.allSatisfy(\.isEmpty) else {
      throw PartitionError(
        source,
        "has validation samples (val), expected none; join them to train, and give validation_share"
      )
    }
    return rows
  }

  // MARK: NPZ

  private static func npz(_ file: NumPyFile, most: Int, source: String) throws -> ImportedRows {
    let names = Set(file.names)
    if names.isSuperset(of: ["client", "split", "index"]) {
      let clients = try file.array("client", atMost: most).integers()
      let array = try file.array("split", atMost: most)
      let splits =
        try array.isText
        ? array.words()
        : array.integers().map { $0 == 0 ? "train" : $0 == 1 ? "test" : "\($0)" }
      let indices = try file.array("index", atMost: most).integers()
      guard clients.count == splits.count, splits.count == indices.count else {
        throw PartitionError(
          source,
          "client, split and index have \(clients.count), \(splits.count) and \(indices.count) elements, "
            + "expected as many of each")
      }
      return try ImportedRows(
        indices.indices.map { (client: clients[$0], split: splits[$0], index: indices[$0]) },
        source: source)
    }
    let count = names.count { $0.hasPrefix("train_") }
    guard count > 0 else {
      throw PartitionError(
        source,
        "has \(names.isEmpty ? "no arrays" : "the arrays " + short(names.sorted().prefix(10).joined(separator: ", "))), expected client, split and "
          + "index, or train_0, test_0, train_1, …")
    }
    let expected = Set((0..<count).flatMap { ["train_\($0)", "test_\($0)"] })
    if let other = names.symmetricDifference(expected).sorted().first {
      throw PartitionError(
        source,
        "\(names.contains(other) ? "has" : "lacks") the array \(short(other)), expected train_0 to "
          + "train_\(count - 1) and test_0 to test_\(count - 1)")
    }
    var rest = most
    func row(_ name: String) throws -> [Int] {
      let values = try file.array(name, atMost: rest).integers()
      rest -= values.count
      return values
    }
    let train = try (0..<count).map { try row("train_\($0)") }
    return ImportedRows(train: train, test: try (0..<count).map { try row("test_\($0)") })
  }
}
