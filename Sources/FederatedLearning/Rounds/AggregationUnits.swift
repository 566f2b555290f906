import NeuralNetworks

/// Which parts of a model share their aggregation weights: by default each layer is a unit of its own.
///
/// pFedLA, HeurpFedLA and layer-wise similarity compute weights for each unit. A unit is made of whole layers, of single
/// tensors of a layer (its weight, its bias), or of both. Results have an axis for layers in any case
/// (`rowsByLayer`).
public struct AggregationUnits: Sendable, Hashable {
  /// The word for units of one layer each.
  public static let ofLayers = "layers"
  /// The word for units of one tensor each.
  public static let ofTensors = "tensors"
  /// Between the parts of a unit's name: `conv1+bn1`.
  public static let separator: Character = "+"
  /// Between a layer and one of its tensors: `conv1.weight`.
  public static let tensorSeparator: Character = "."

  /// A whole layer, or one of its tensors.
  public struct Part: Sendable, Hashable {
    /// The place of its layer.
    public let layer: Int
    /// The places that gradient descent changes.
    public let trainedRange: Range<Int>
    /// The same and the running statistics that take this part's weights: the layer's, if it holds the layer's last
    /// trained tensor.
    public let range: Range<Int>
  }

  /// A unit's part in a layer.
  private struct Share: Sendable, Hashable {
    let unit: Int
    /// Parameters of the layer that gradient descent changes.
    let count: Int
  }

  /// Each unit's parts in ascending order, axes (unit, part of the unit). Units are in the order of their first parts.
  public let parts: [[Part]]
  /// The parts' names, joined by +, axis (unit).
  public let names: [String]
  /// The units of each layer, axes (layer, unit in the layer).
  private let shares: [[Share]]

  /// Each layer is a unit.
  public init(_ layout: ParameterLayout) {
    self.init(tensors: layout.layers.indices.map { [Self.tensors(of: $0, layout)] }, layout)
  }

  /// All layers are one unit.
  init(wholeModel layout: ParameterLayout) {
    self.init(tensors: [layout.layers.indices.map { Self.tensors(of: $0, layout) }], layout)
  }

  /// Units by the names of layers and tensors, joined by +; what is not named is a unit of its own: a layer, or of a
  /// layer that is named in part each other tensor. `[tensors]` makes each tensor a unit. Throws `FederationError`
  /// for a name that the model does not have or that is there twice.
  public init(_ units: [String], _ layout: ParameterLayout) throws {
    var names = UnitNames(layout)
    let named = try units == [Self.ofTensors] ? [] : units.map { try names.take(unit: $0) }
    let others = names.rest(tensorByTensor: units == [Self.ofTensors])
    self.init(tensors: named + others, layout)
  }

  /// The places of a layer's trained tensors.
  static func tensors(of layer: Int, _ layout: ParameterLayout) -> LayerTensors {
    LayerTensors(
      layer: layer,
      tensors: layout.layers[layer].tensors.indices.filter {
        layout.layers[layer].tensors[$0].role == .trained
      })
  }

  private init(tensors units: [[LayerTensors]], _ layout: ParameterLayout) {
    let ordered = units.map { $0.sorted(by: LayerTensors.precedes) }.sorted {
      zip($0.prefix(1), $1.prefix(1)).allSatisfy(LayerTensors.precedes)
    }
    var names: [String] = []
    var parts: [[Part]] = []
    var shares: [[Share]] = layout.layers.map { _ in [] }
    for (unit, stretches) in ordered.enumerated() {
      var unitNames: [String] = []
      var unitParts: [Part] = []
      for stretch in stretches {
        let layer = layout.layers[stretch.layer]
        let own: [Part]
        if stretch == Self.tensors(of: stretch.layer, layout) {
          own = [Part(layer: stretch.layer, trainedRange: layer.trainedRange, range: layer.range)]
          unitNames.append(layer.name)
        } else {
          own = stretch.tensors.map {
            let range = layer.tensors[$0].range
            let end = range.upperBound == layer.trainedRange.upperBound
            return Part(
              layer: stretch.layer, trainedRange: range,
              range: range.lowerBound..<(end ? layer.range.upperBound : range.upperBound))
          }
          unitNames += stretch.tensors.map {
            "\(layer.name)\(Self.tensorSeparator)\(layer.tensors[$0].name)"
          }
        }
        unitParts += own
        shares[stretch.layer].append(
          Share(unit: unit, count: own.reduce(0) { $0 + $1.trainedRange.count }))
      }
      names.append(unitNames.joined(separator: String(Self.separator)))
      parts.append(unitParts)
    }
    self.names = names
    self.parts = parts
    self.shares = shares
  }

  /// The number of units.
  public var count: Int { parts.count }

  /// A row of each unit, axes (unit, value), as one of each layer, axes (layer, value). The row of a layer whose tensors
  /// belong to several units is the mean of theirs, each weighted by its number of trained parameters.
  func rowsByLayer(_ rows: [[Float]]) -> [[Float]] {
    shares.map { shares in
      guard shares.count > 1 else { return shares.first.map { rows[$0.unit] } ?? [] }
      let total = Double(shares.reduce(0) { $0 + $1.count })
      return (rows.first ?? []).indices.map { place in
        Float(shares.reduce(0) { $0 + Double($1.count) * Double(rows[$1.unit][place]) } / total)
      }
    }
  }

  /// Whether a flag of each unit, axis (unit), is set for every unit of a layer, axis (layer).
  func flagsByLayer(_ flags: [Bool]) -> [Bool] {
    shares.map { $0.allSatisfy { flags[$0.unit] } }
  }
}
