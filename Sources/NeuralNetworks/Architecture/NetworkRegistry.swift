import Support

/// Every network that a specification can name as `model.architecture`. A program that imports this package
/// adds its own with `add` before it reads a specification.
public enum NetworkRegistry {
  /// One line per network.
  private static let registry = Registry<NetworkDescription>(
    "network",
    [
      .paperCNN
    ]
  ) { $0.name }

  /// The network for specifications that name none.
  public static let standard = NetworkDescription.paperCNN

  /// All networks, this package's first.
  public static var all: [NetworkDescription] { registry.all }

  /// The names of all networks.
  public static var names: [String] { registry.names }

  /// The network of that name, or nil.
  public static func network(named name: String) -> NetworkDescription? { registry[name] }

  /// Adds a network. Throws `RegistryError` if its name is taken, or is not made of lowercase letters,
  /// digits and hyphens.
  public static func add(_ network: NetworkDescription) throws { try registry.add(network) }
}

/// A network before its input and classes are known.
public struct NetworkDescription: Sendable {
  /// The name in specifications, such as `paper-cnn`.
  public let name: String
  /// What it is, in a few words.
  public let summary: String
  /// The blocks, by the number of classes and whether convolutions are followed by batch normalisation.
  private let blocks:
    @Sendable (_ classCount: Int, _ batchNormalisation: Bool) -> [Architecture.Block]

  /// A network of that name.
  /// - Parameters:
  ///   - name: the name in specifications.
  ///   - summary: what it is, in a few words.
  ///   - blocks: its blocks, by the number of classes and whether convolutions are followed by
  ///     batch normalisation.
  public init(
    name: String, summary: String,
    blocks:
      @escaping @Sendable (_ classCount: Int, _ batchNormalisation: Bool) ->
      [Architecture.Block]
  ) {
    self.name = name
    self.summary = summary
    self.blocks = blocks
  }

  /// The network for images of that shape. Throws `ArchitectureError` if they are too small for it, or
  /// for fewer than one class.
  public func architecture(
    inputChannels: Int, inputHeight: Int, inputWidth: Int, classCount: Int,
    batchNormalisation: Bool
  ) throws -> Architecture {
    try Architecture(
      inputChannels: inputChannels, inputHeight: inputHeight, inputWidth: inputWidth,
      blocks: blocks(classCount, batchNormalisation))
  }
}
