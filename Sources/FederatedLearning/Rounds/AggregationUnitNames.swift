import NeuralNetworks
import Support

/// Some tensors of a layer.
struct LayerTensors: Hashable {
  let layer: Int
  /// Places among the layer's tensors, ascending.
  var tensors: [Int]

  /// Whether one begins before the other in the model.
  static func precedes(_ left: LayerTensors, _ right: LayerTensors) -> Bool {
    left.layer != right.layer
      ? left.layer < right.layer : (left.tensors.first ?? 0) < (right.tensors.first ?? 0)
  }
}

/// The names of layers and tensors that no unit of `model.units` has taken yet.
struct UnitNames {
  private let layout: ParameterLayout
  /// The trained tensors that are free, axes (layer, tensor).
  private var free: [[Int]]

  init(_ layout: ParameterLayout) {
    self.layout = layout
    free = layout.layers.indices.map { AggregationUnits.tensors(of: $0, layout).tensors }
  }

  /// The tensors of a unit, which nothing else can have after that.
  mutating func take(unit: String) throws -> [LayerTensors] {
    var taken: [LayerTensors] = []
    for part in unit.split(separator: AggregationUnits.separator, omittingEmptySubsequences: false)
    {
      let name = part.filter { $0 != " " }
      let found = try tensors(named: name, in: unit)
      guard found.tensors.allSatisfy(free[found.layer].contains) else {
        throw FederationError(
          "model.units: found \(name) twice, expected each layer at most once")
      }
      free[found.layer].removeAll(where: found.tensors.contains)
      if let place = taken.firstIndex(where: { $0.layer == found.layer }) {
        taken[place].tensors = (taken[place].tensors + found.tensors).sorted()
      } else {
        taken.append(found)
      }
    }
    return taken
  }

  /// What no unit has taken, as units of its own.
  func rest(tensorByTensor: Bool) -> [[LayerTensors]] {
    free.enumerated().flatMap { layer, tensors -> [[LayerTensors]] in
      let whole = AggregationUnits.tensors(of: layer, layout)
      guard tensorByTensor || whole.tensors != tensors else { return [[whole]] }
      return tensors.map { [LayerTensors(layer: layer, tensors: [$0])] }
    }
  }

  private func tensors(named name: String, in unit: String) throws -> LayerTensors {
    let known = layout.layers.map(\.name)
    if let layer = known.firstIndex(of: name) { return AggregationUnits.tensors(of: layer, layout) }
    let pieces = name.split(
      separator: AggregationUnits.tensorSeparator, maxSplits: 1, omittingEmptySubsequences: false
    ).map(String.init)
    guard let layer = known.firstIndex(of: pieces.first ?? "") else {
      throw FederationError(
        "model.units: \(unit): the model has no layer \"\(pieces.first ?? "")\", expected one of "
          + known.joined(separator: ", ")
          + bracketedSuggestion(for: pieces.first ?? "", among: known))
    }
    let places = AggregationUnits.tensors(of: layer, layout).tensors
    let names = places.map { layout.layers[layer].tensors[$0].name }
    guard pieces.count == 2, let place = names.firstIndex(of: pieces[1]) else {
      throw FederationError(
        "model.units: \(unit): layer \(known[layer]) has no trained tensor \"\(pieces.last ?? "")\", expected one of "
          + names.joined(separator: ", ")
          + bracketedSuggestion(for: pieces.last ?? "", among: names))
    }
    return LayerTensors(layer: layer, tensors: [places[place]])
  }
}
