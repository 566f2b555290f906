import Yams

// What keeps the labels of a sweep true: the run at a place is the one that its labels name.
extension SweepSpecification {
  /// Whether setting one dotted key changes what the other one sets: it is the same key, or one is a
  /// section that holds the other.
  private static func overlap(_ first: String, _ second: String) -> Bool {
    first == second || first.hasPrefix(second + ".") || second.hasPrefix(first + ".")
  }

  /// The keys whose values an axis's labels are: the one that it lists, or those that every label sets
  /// to itself, such as `10: {partition.clients: 10}`.
  private static func keysNamed(by axis: Axis) -> [String] {
    guard !axis.isList else { return [axis.name] }
    return (axis.values.first?.settings.map(\.key) ?? []).filter { key in
      axis.values.allSatisfy { label, settings in
        settings.contains { $0.key == key && $0.value.scalar?.string == label }
      }
    }
  }

  /// Throws if something else sets a key whose values an axis's labels are: they would name other
  /// values than the runs have.
  /// - Parameter root: the reader of the file, for errors.
  func checkLabelledKeys(_ root: ConfigurationReader) throws {
    for axis in axes {
      let keys = Self.keysNamed(by: axis)
      func check(_ settings: Settings, _ path: String) throws {
        for setting in settings {
          guard let key = keys.first(where: { Self.overlap($0, setting.key) }) else { continue }
          throw root.error(
            "\(path).\(setting.key)", setting.value,
            "the labels of the axis \(axis.name) are the values of \(key), expected a key that no axis "
              + "uses as labels")
        }
      }
      for other in axes where other.name != axis.name {
        for value in other.values {
          try check(
            value.settings, "axes.\(other.name)" + (other.isList ? "" : ".\(value.label)"))
        }
      }
      for key in grid?.keys ?? [] {
        try check([(key, Node(""))], "grids")
      }
      for profile in profiles {
        try check(profile.settings, "profiles.\(profile.name).set")
        for adjustment in profile.adjustments {
          try check(adjustment.settings, "profiles.\(profile.name).adjust.set")
        }
      }
    }
  }

  /// Throws if a profile sets a key of the grids: its trials would be one run.
  /// - Parameter root: the reader of the file, for errors.
  func checkGridKeys(_ root: ConfigurationReader) throws {
    for profile in profiles {
      for setting in profile.settings + profile.adjustments.flatMap(\.settings) {
        guard let key = grid?.keys.first(where: { Self.overlap($0, setting.key) }) else { continue }
        throw root.error(
          "profiles.\(profile.name).set.\(setting.key)", setting.value,
          "the grids vary \(key), expected a key that no grid has")
      }
    }
  }

  /// Throws if an override changes a key that an axis sets. A key that a profile sets too is a matter
  /// of scale, such as the rounds of Table 1, and may be changed.
  func checkOverrides(_ overrides: [String]) throws {
    let scale = Set(
      profiles.flatMap { $0.settings + $0.adjustments.flatMap(\.settings) }.map(\.key))
    for override in overrides where override.contains("=") {
      let key = String(override.prefix { $0 != "=" })
      if let own = grid?.keys.first(where: { Self.overlap($0, key) }) {
        throw SpecificationError(
          "--set \(key): the grids of \(name) vary \(own), expected another key; change the grids in a copy "
            + "of \(file)")
      }
      for axis in axes {
        let keys = axis.values.flatMap(\.settings).map(\.key)
        guard keys.contains(where: { Self.overlap($0, key) && !scale.contains($0) }) else {
          continue
        }
        let count = axis.name == "seed" ? ", their number with --seeds" : ""
        throw SpecificationError(
          "--set \(key): the axis \(axis.name) of \(name) sets this key, expected another one; choose "
            + "labels with --only \(axis.name)=LABEL\(count), or change the axis in a copy of \(file)"
        )
      }
    }
  }

  /// Throws if two places are one run: its numbers would stand under two labels, and count twice where
  /// the labels are seeds.
  func checkDistinct(_ cells: [SweepCell]) throws {
    var known: [String: SweepCell] = [:]
    for cell in cells {
      guard let other = known[cell.name] else {
        known[cell.name] = cell
        continue
      }
      let places = "\(file): (\(place(other.coordinates))) and (\(place(cell.coordinates)))"
      guard other.coordinates["seed"] == cell.coordinates["seed"] else {
        throw SpecificationError(
          "\(places) are the same run, expected another seed at each label of the axis seed")
      }
      guard sharesRuns else {
        throw SpecificationError(
          "\(places) are the same run, expected different ones; exclude one of them, or give "
            + "shares_runs: true at the top if both places should show it")
      }
    }
  }
}
