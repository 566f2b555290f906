import Support

/// A contrast of claim 1: the accuracy of pFedLA or HeurpFedLA minus that of another method, in a
/// column of Table 1 or 2.
public struct MethodContrast: Sendable, Equatable {
  /// The table, `table1` or `table2`.
  public let table: String
  /// The column's dataset.
  public let dataset: String
  /// The column's number of clients.
  public let clients: String
  /// The name of the first method, `pfedla` or `heurpfedla`.
  public let first: String
  /// The name of the method that it is compared with.
  public let second: String
  /// The difference in points of percent, judged in the family of its column.
  public let judged: JudgedContrast

  /// What is said of the first method being better.
  public var verdict: Verdict { judged.verdict }

  /// One row a contrast.
  static func csv(_ contrasts: [MethodContrast]) -> CSV {
    var csv = CSV(
      ["table", "dataset", "clients", "first_method", "second_method"] + JudgedContrast.csvColumns
        + ["verdict"])
    for contrast in contrasts {
      csv.append(
        [contrast.table, contrast.dataset, contrast.clients, contrast.first, contrast.second]
          + contrast.judged.csvFields + [contrast.verdict.rawValue])
    }
    return csv
  }
}
