extension SweepPlan {
  /// A plan as stored in `plan.json`: what the report needs to know.
  public struct Record: Sendable, Equatable {
    /// A cell.
    public struct Cell: Sendable, Equatable {
      /// Its name.
      public let name: String
      /// Its place on the axes.
      public let coordinates: [String: String]
      /// The keys that its result must show with their values.
      public let specification: [String: String]

      /// The same without the marks of keys that results may lack.
      package var plainSpecification: [String: String] {
        Dictionary(
          specification.map { (String($0.key.drop { $0 == "?" }), $0.value) },
          uniquingKeysWith: { $1 })
      }

      /// The version of the numerics that its result must show.
      var numericsVersion: String { specification[CellIdentity.numericsVersion] ?? "0" }
    }

    /// An axis.
    public struct Axis: Codable, Sendable, Equatable {
      /// Its name.
      public let name: String
      /// Its labels in order.
      public let labels: [String]

      /// The axis with more labels after its own; ascending whole numbers, such as seeds, stay in order.
      func adding(_ others: some Sequence<String>) -> Axis {
        func number(_ label: String) -> Int { Int(label) ?? .max }
        func sorted(_ labels: some Sequence<String>) -> [String] {
          labels.sorted { (number($0), $0) < (number($1), $1) }
        }
        let all = labels + sorted(Set(others).subtracting(labels))
        let isAscending =
          all.allSatisfy { Int($0) != nil }
          && zip(labels, labels.dropFirst()).allSatisfy { number($0) < number($1) }
        return Axis(name: name, labels: isAscending ? sorted(all) : all)
      }
    }

    /// The sweep's name.
    public let name: String
    /// What it shows.
    public let title: String
    /// What is made of it.
    public let report: String
    /// The profile.
    public let profile: String
    /// The profile in a few words.
    public let summary: String
    /// Whether the data are synthetic.
    public let isSynthetic: Bool
    /// The keys that were set for all cells, as `key=value`.
    public let overrides: [String]
    /// The file of chosen hyperparameters that the runs take, with the start of its SHA-256; nil for none.
    public let hyperparameters: String?
    /// The axes in order, each with its labels in order.
    public let axes: [Axis]
    /// The cells in the order of the axes, the last one fastest.
    public let cells: [Cell]

    /// A place for readers, such as `rate=slow, method=local`.
    public func place(_ coordinates: [String: String]) -> String {
      axes.compactMap { axis in coordinates[axis.name].map { "\(axis.name)=\($0)" } }
        .joined(separator: ", ")
    }
  }
}
