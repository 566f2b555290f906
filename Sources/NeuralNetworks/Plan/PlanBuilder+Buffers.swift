// The buffers of a plan: what its steps read and write, and the copies between their formats.
extension PlanBuilder {
  mutating func add(_ descriptor: MemoryDescriptor, _ storage: Plan.Storage = .workspace)
    -> Int
  {
    buffers.append(Plan.Buffer(descriptor: descriptor, storage: storage))
    return buffers.count - 1
  }

  mutating func addAlias(of buffer: Int, _ descriptor: MemoryDescriptor) throws -> Int {
    add(descriptor, .alias(buffer))
  }

  func tensor(_ name: String) throws -> Int {
    guard let index = tensorIndex[name] else {
      throw OneDNNError(operation: "looking for the tensor \(name)", status: 0)
    }
    return index
  }

  /// The shape of a layer's weight: axes (out channel, in channel, kernel y, kernel x) or (output, input).
  func weightShape(of layer: String) throws -> [Int] {
    layout.tensors[try tensor("\(layer).weight")].shape
  }

  mutating func parameter(_ name: String) throws -> Int {
    let tensor = try tensor(name)
    return add(formats.tensors[tensor], .parameter(tensor))
  }

  mutating func gradientBuffer(_ name: String) throws -> Int {
    let tensor = try tensor(name)
    return add(formats.tensors[tensor], .gradient(tensor))
  }

  /// The weight of a layer in the format that a primitive wants: the stored one, or a converted
  /// copy made in the given pass.
  mutating func weight(
    of name: String, for primitive: Primitive, in pass: WritableKeyPath<PlanBuilder, [Plan.Step]>,
    chooses: Bool
  ) throws -> Int {
    try weight(
      of: name, as: primitive.format(.weights), in: pass, chooses: chooses)
  }

  /// The weight of a layer in a format: the stored one, or a converted copy made in the given pass.
  /// - Parameter chooses: lets the network store it so, where this plan decides.
  mutating func weight(
    of name: String, as wanted: MemoryDescriptor,
    in pass: WritableKeyPath<PlanBuilder, [Plan.Step]>, chooses: Bool
  ) throws -> Int {
    let tensor = try tensor("\(name).weight")
    if choosesFormats && chooses { formats.tensors[tensor] = wanted }
    return try reordered(parameter("\(name).weight"), to: wanted, in: pass)
  }

  /// The same values in another format; the buffer itself if it has that format.
  mutating func reordered(
    _ buffer: Int, to format: MemoryDescriptor, in pass: WritableKeyPath<PlanBuilder, [Plan.Step]>
  ) throws -> Int {
    guard buffers[buffer].descriptor != format else { return buffer }
    let target = add(format)
    let copy = try copy(buffer, target)
    self[keyPath: pass].append(copy)
    return target
  }

  func copy(_ source: Int, _ target: Int) throws -> Plan.Step {
    .primitive(
      try .reorder(from: buffers[source].descriptor, to: buffers[target].descriptor),
      arguments: [(.source, source), (.result, target)])
  }

  mutating func step(_ primitive: Primitive, _ arguments: [(OperationArgument, Int)]) throws
    -> Plan.Step
  {
    var arguments = arguments.map { (name: $0.0, buffer: $0.1) }
    let scratchpad = try primitive.scratchpad()
    if scratchpad.byteCount > 0 {
      arguments.append((name: .scratchpad, buffer: add(scratchpad)))
    }
    return .primitive(primitive, arguments: arguments)
  }
}
