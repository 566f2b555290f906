import Support

/// One row of the table: a quantity with its spread, and what it is compared with.
package struct Figure: Sendable {
  /// A quantity relative to something measured at the same time.
  package struct Ratio: Sendable {
    /// The ratio, repetition by repetition.
    package let values: Series
    /// What is divided by what.
    package let meaning: String
    /// What it has to reach, such as "≥ 2.8"; empty if there is no target.
    package let target: String

    /// A ratio.
    package init(_ values: Series, _ meaning: String, target: String = "") {
      self.values = values
      self.meaning = meaning
      self.target = target
    }
  }

  /// The section's name.
  package let section: String
  /// On what it was measured.
  package let subject: String
  /// What was measured.
  package let quantity: String
  /// The measurements.
  package let values: Series
  /// Their unit.
  package let unit: String
  /// What they are compared with.
  package let ratio: Ratio?

  /// A row.
  package init(
    section: String, subject: String, quantity: String, values: Series, unit: String, ratio: Ratio?
  ) {
    self.section = section
    self.subject = subject
    self.quantity = quantity
    self.values = values
    self.unit = unit
    self.ratio = ratio
  }

  /// The columns of the CSV file.
  package static let columns = [
    "section", "case", "quantity", "value", "lower_quartile", "upper_quartile", "unit",
    "repetitions", "ratio", "ratio_lower_quartile", "ratio_upper_quartile", "ratio_meaning",
    "target",
  ]

  /// The row of the CSV file.
  package var fields: [String] {
    func spread(_ series: Series?) -> [String] {
      [\Series.median, \.lowerQuartile, \.upperQuartile].map { key in
        series.map { CSV.number($0[keyPath: key]) } ?? ""
      }
    }
    return [section, subject, quantity] + spread(values) + [unit, "\(values.values.count)"]
      + spread(ratio?.values) + [ratio?.meaning ?? "", ratio?.target ?? ""]
  }
}
