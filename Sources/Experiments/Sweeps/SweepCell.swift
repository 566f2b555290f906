import Foundation
import Support
import Yams

/// One run of a sweep.
public struct SweepCell: Sendable {
  /// Its place on the sweep's axes: axis name → label.
  public let coordinates: [String: String]
  /// What to run.
  public let specification: RunSpecification
  /// A readable name with a digest of everything that decides its numbers. Equal runs have equal
  /// names, whichever sweep they belong to.
  public let name: String

  init(coordinates: [String: String], specification: RunSpecification) {
    self.coordinates = coordinates
    self.specification = specification
    let digest = StreamingDigest.sha256(specification.identity.identityText).prefix(8)
    let partition = specification.identity.filter {
      ["partition.scheme", "partition.clients"].contains($0.key)
    }
    name =
      ([specification.dataset.name] + partition.map(\.value)
      + [specification.method, "seed\(specification.seed)", String(digest)]).joined(separator: "-")
  }
}

extension SweepSpecification {
  /// Which cells of a sweep to take.
  public struct Selection: Sendable {
    /// The profile's name.
    public var profile: String
    /// Labels to take, by axis; all of an axis that is not named.
    public var only: [String: [String]] = [:]
    /// The number of seeds, counted from 0; nil takes the profile's.
    public var seeds: Int?
    /// Keys for all cells, as `key=value`, over everything else.
    public var overrides: [String] = []

    /// All cells of a profile.
    public init(profile: String) { self.profile = profile }

    /// Whether `only` selects a cell.
    func takes(_ cell: SweepCell) -> Bool {
      only.allSatisfy { axis, labels in cell.coordinates[axis].map(labels.contains) ?? true }
    }
  }

  /// The profile's summary. Throws `SpecificationError` for an unknown profile.
  public func summary(ofProfile name: String) throws -> String { try profile(name).summary }

  /// Samples of each class of a profile's synthetic data; nil for published data.
  public func syntheticSamplesPerClass(profile name: String) throws -> Int? {
    try profile(name).syntheticSamplesPerClass
  }

  /// The selected cells in the order of the axes, the last one fastest. Throws `SpecificationError` for
  /// an unknown profile, axis or label, for a cell that cannot be, and for what `plannedCells` refuses.
  public func cells(_ selection: Selection) throws -> [SweepCell] {
    try plannedCells(selection).filter(selection.takes)
  }

  /// All cells of a profile with its seeds and overrides, whatever `only` says. Throws
  /// `SpecificationError` as `cells` does; if an override changes what an axis sets; and if two places
  /// are one run, unless the sweep has `shares_runs` and they have the same seed.
  public func plannedCells(_ selection: Selection) throws -> [SweepCell] {
    let profile = try profile(selection.profile)
    let axes = try axes(seeds: selection.seeds)
    try checkLabels(selection.only, axes)
    try checkOverrides(selection.overrides)
    let kept = axes.map { axis in
      axis.values.filter { value in
        let isSeed = axis.name == "seed" && selection.seeds != nil
        return isSeed || profile.kept[axis.name]?.contains(value.label) ?? true
      }
    }
    var combinations: [[(label: String, settings: Settings)]] = [[]]
    for values in kept {
      combinations = combinations.flatMap { combination in values.map { combination + [$0] } }
    }
    let cells = try combinations.compactMap { combination -> SweepCell? in
      let coordinates = Dictionary(
        uniqueKeysWithValues: zip(axes, combination).map { ($0.name, $1.label) })
      guard !exclusions.contains(where: { Self.holds($0, coordinates) }) else { return nil }
      var settings =
        combination.flatMap(\.settings) + (grid?.settings(at: coordinates) ?? [])
        + profile.settings
      for (condition, more) in profile.adjustments where Self.holds(condition, coordinates) {
        settings += more
      }
      let plain = try cell(coordinates, settings, selection.overrides)
      if grid != nil, plain.specification.heldOutShare == 0 {
        throw SpecificationError(
          "\(file): held_out_share: found 0, expected a share such as 0.3, since hyperparameters are chosen on "
            + "held-out training data, never on test data")
      }
      guard let tuned = try hyperparameters?.settings(for: plain.specification), !tuned.isEmpty
      else { return plain }
      return try cell(coordinates, tuned + settings, selection.overrides)
    }
    try checkDistinct(cells)
    return cells
  }

  /// The axes with this many seeds, counted from 0, instead of their own.
  private func axes(seeds: Int?) throws -> [Axis] {
    guard let seeds else { return axes }
    guard let place = axes.firstIndex(where: { $0.name == "seed" }) else {
      let found = axes.isEmpty ? "none" : axes.map(\.name).joined(separator: ", ")
      throw SpecificationError(
        "--seeds \(seeds): \(name) has no axis seed (found \(found)), "
          + "expected one; give a single seed with --set seed=N, or add the axis to a copy of \(file)"
      )
    }
    var axes = axes
    axes[place] = Axis(
      name: "seed", isList: axes[place].isList,
      values: (0..<seeds).map { ("\($0)", [("seed", Node("\($0)"))]) })
    return axes
  }

  private func cell(
    _ coordinates: [String: String], _ settings: Settings, _ overrides: [String]
  ) throws -> SweepCell {
    var node = base
    for (key, value) in settings {
      node = SpecificationDocument.replacing(
        key.split(separator: ".").map(String.init)[...], in: node, by: value)
    }
    var document = SpecificationDocument(
      file: "\(file) (\(place(coordinates)))", text: try Yams.serialize(node: node),
      overrides: overrides)
    document.sweepFile = file
    let specification = try RunSpecification(document)
    guard !specification.keepState else {
      throw SpecificationError(
        "\(document.file): keep_state: found true, expected false: the runs of a sweep keep no state; use pfedla run"
      )
    }
    return SweepCell(coordinates: coordinates, specification: try specification.canonical())
  }

  /// A place for readers, such as `rate=slow, method=local`.
  func place(_ coordinates: [String: String]) -> String {
    axes.compactMap { axis in coordinates[axis.name].map { "\(axis.name)=\($0)" } }
      .joined(separator: ", ")
  }

  private static func holds(_ condition: Condition, _ coordinates: [String: String]) -> Bool {
    condition.allSatisfy { axis, labels in coordinates[axis].map(labels.contains) ?? false }
  }

  private func profile(_ name: String) throws -> Profile {
    if let profile = profiles.first(where: { $0.name == name }) { return profile }
    throw SpecificationError(
      "\(file): profile: found \(name), expected one of "
        + profileNames.joined(separator: ", ")
        + bracketedSuggestion(for: name, among: profileNames))
  }

  private func checkLabels(_ only: [String: [String]], _ axes: [Axis]) throws {
    for (name, labels) in only.sorted(by: { $0.key < $1.key }) {
      guard let axis = axes.first(where: { $0.name == name }) else {
        throw SpecificationError(
          "--only \(name): no such axis of \(self.name), expected one of "
            + axes.map(\.name).joined(separator: ", "))
      }
      let known = axis.values.map(\.label)
      for label in labels where !known.contains(label) {
        throw SpecificationError(
          "--only \(name)=\(label): expected one of \(known.joined(separator: ", "))")
      }
    }
  }
}

extension RunSpecification {
  /// The same run, written from nothing but what decides its numbers: equal runs of different
  /// sweeps have equal result files, byte for byte, and `pfedla run` takes the text as it is.
  func canonical() throws -> RunSpecification {
    var node = Node.mapping([:])
    for setting in [RunSetting("name", .text("reproduction"))] + identity {
      node = SpecificationDocument.replacing(
        setting.key.split(separator: ".").map(String.init)[...], in: node,
        by: try Yams.compose(yaml: setting.value) ?? Node(""))
    }
    var text = SpecificationDocument(file: document.file, text: try Yams.serialize(node: node))
    text.sweepFile = document.sweepFile ?? document.file
    var specification = try RunSpecification(text)
    // No number depends on it.
    specification.checkpointEvery = checkpointEvery
    return specification
  }
}
