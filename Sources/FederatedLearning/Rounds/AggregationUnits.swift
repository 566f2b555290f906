import NeuralNetworks
import Support

/// Which layers share their aggregation weights: by default none, each layer is a unit of its own.
///
/// pFedLA, HeurpFedLA and layer-wise similarity compute weights for each unit. Results still have an axis for layers, on
/// which the layers of a unit have equal rows.
public struct AggregationUnits: Sendable, Hashable {
  /// The word for units of one layer each.
  public static let ofLayers = "layers"
  /// Between the layers of a unit's name: `conv1+bn1`.
  public static let separator: Character = "+"

  /// The places of each unit's layers, ascending, axes (unit, layer of the unit). Units are in the order of their first
  /// layers.
  public let layers: [[Int]]
  /// The layers' names, joined by +, axis (unit).
  public let names: [String]
  /// The unit of each layer, axis (layer).
  private let unitOfLayer: [Int]

  /// Each layer is a unit.
  public init(_ layout: ParameterLayout) {
    self.init(layers: layout.layers.indices.map { [$0] }, layout)
  }

  /// Units by their layers' names joined by +; layers that are not named are units of their own. Throws
  /// `FederationError` for a name that the model does not have or that is there twice.
  public init(_ units: [String], _ layout: ParameterLayout) throws {
    let known = layout.layers.map(\.name)
    var isFree = known.map { _ in true }
    var layers = try units.map { unit in
      try unit.split(separator: Self.separator, omittingEmptySubsequences: false).map { part in
        let name = part.filter { $0 != " " }
        guard let place = known.firstIndex(of: name) else {
          throw FederationError(
            "model.units: \(unit): the model has no layer \"\(name)\", expected one of "
              + known.joined(separator: ", ") + bracketedSuggestion(for: name, among: known))
        }
        guard isFree[place] else {
          throw FederationError(
            "model.units: found \(name) twice, expected each layer at most once")
        }
        isFree[place] = false
        return place
      }.sorted()
    }
    layers += known.indices.filter { isFree[$0] }.map { [$0] }
    self.init(layers: layers.sorted { ($0.first ?? 0) < ($1.first ?? 0) }, layout)
  }

  private init(layers: [[Int]], _ layout: ParameterLayout) {
    self.layers = layers
    names = layers.map { unit in
      unit.map { layout.layers[$0].name }.joined(separator: String(Self.separator))
    }
    var unitOfLayer = layout.layers.map { _ in 0 }
    for (unit, places) in layers.enumerated() {
      for place in places { unitOfLayer[place] = unit }
    }
    self.unitOfLayer = unitOfLayer
  }

  /// The number of units.
  public var count: Int { layers.count }

  /// A value of each unit, axis (unit), as one of each of its layers, axis (layer).
  func byLayer<Value>(_ values: [Value]) -> [Value] { unitOfLayer.map { values[$0] } }
}
