/// The hypernetworks of all clients, one each.
public struct HypernetworkState: Sendable, Equatable {
  /// Each client's hypernetwork; nil as long as it is as initialised, which the random stream gives again
  /// when needed. Axis (client).
  package var clients: [AggregationHypernetwork.Values?]

  /// The hypernetworks of all clients, or nil for those that are as initialised.
  package init(clients: [AggregationHypernetwork.Values?]) { self.clients = clients }
}

/// The layout of hypernetworks in checkpoints: tensors of
///
///     hypernetwork_forms         (client)                       0: as initialised, 1: steps, 2: dense heads
///     hypernetwork_step_counts   (client)                       steps that are kept of its heads
///     hypernetwork_bases         (moved client, base parameter)
///     hypernetwork_step_inputs   (step, input)
///     hypernetwork_step_outputs  (step, layer, source client)
///     hypernetwork_heads         (dense client, head parameter)
///
/// with moved clients, those of form 1 or 2, dense clients and clients' steps in ascending order of clients,
/// and a client's steps in the order in which they were made. Tensors with an axis of length 0 for lack of base
/// parameters or inputs (direct weights) are left out.
struct HypernetworkTensors {
  let hypernetwork: AggregationHypernetwork

  private enum Form: Int {
    case initial, steps, dense
  }

  private var headCount: Int { hypernetwork.parameterCount - hypernetwork.baseCount }
  private var outputShape: [Int] { [hypernetwork.layerCount, hypernetwork.clientCount] }

  func tensors(of state: HypernetworkState) -> [StateTensor] {
    var steps: [AggregationHypernetwork.Heads.Step] = []
    var dense: [[Float]] = []
    var (forms, counts): ([Form], [Int]) = ([], [])
    for client in state.clients {
      var count = 0
      switch client?.heads {
      case nil: forms.append(.initial)
      case .steps(let own):
        forms.append(.steps)
        steps += own
        count = own.count
      case .dense(let own):
        forms.append(.dense)
        dense.append(own)
      }
      counts.append(count)
    }
    return [
      StateTensor(
        name: "hypernetwork_forms", shape: [forms.count], values: forms.map { Float($0.rawValue) }),
      StateTensor(
        name: "hypernetwork_step_counts", shape: [counts.count], values: counts.map { Float($0) }),
      StateTensor(
        name: "hypernetwork_bases", rowShape: [hypernetwork.baseCount],
        rows: state.clients.compactMap { $0?.base }),
      StateTensor(
        name: "hypernetwork_step_inputs", rowShape: [hypernetwork.headInputs],
        rows: steps.map(\.input)),
      StateTensor(
        name: "hypernetwork_step_outputs", rowShape: outputShape, rows: steps.map(\.outputs)),
      StateTensor(name: "hypernetwork_heads", rowShape: [headCount], rows: dense),
    ].filter { !$0.shape.dropFirst().contains(0) }
  }

  /// Throws `FederationError` if a tensor is missing or does not fit the others.
  func state(from tensors: [StateTensor]) throws -> HypernetworkState {
    let clientCount = hypernetwork.clientCount
    func whole(_ name: String) throws -> [Int] {
      try StateTensor.values(name, shape: [clientCount], in: tensors).map {
        guard let value = Int(exactly: $0), (0...1 << 24).contains(value) else {
          throw FederationError("checkpoint: found \($0) in \(name), expected a count")
        }
        return value
      }
    }
    let forms = try whole("hypernetwork_forms").map {
      guard let form = Form(rawValue: $0) else {
        throw FederationError("checkpoint: found \($0) in hypernetwork_forms, expected 0, 1 or 2")
      }
      return form
    }
    let counts = try whole("hypernetwork_step_counts")
    func rows(_ name: String, _ count: Int, _ shape: [Int]) throws
      -> IndexingIterator<[[Float]]>
    {
      // A row of no values is not written.
      guard !shape.contains(0) else { return Array(repeating: [], count: count).makeIterator() }
      return try StateTensor.rows(name, count: count, rowShape: shape, in: tensors).makeIterator()
    }
    let stepCount = zip(forms, counts).reduce(0) { $0 + ($1.0 == .steps ? $1.1 : 0) }
    var bases = try rows(
      "hypernetwork_bases", forms.count { $0 != .initial }, [hypernetwork.baseCount])
    var inputs = try rows("hypernetwork_step_inputs", stepCount, [hypernetwork.headInputs])
    var outputs = try rows("hypernetwork_step_outputs", stepCount, outputShape)
    var dense = try rows("hypernetwork_heads", forms.count { $0 == .dense }, [headCount])
    return HypernetworkState(
      clients: zip(forms, counts).map { form, count in
        guard form != .initial, let base = bases.next() else { return nil }
        guard form == .steps else {
          return AggregationHypernetwork.Values(base: base, heads: .dense(dense.next() ?? []))
        }
        let steps = (0..<count).map { _ in
          AggregationHypernetwork.Heads.Step(
            input: inputs.next() ?? [], outputs: outputs.next() ?? [])
        }
        return AggregationHypernetwork.Values(base: base, heads: .steps(steps))
      })
  }
}
