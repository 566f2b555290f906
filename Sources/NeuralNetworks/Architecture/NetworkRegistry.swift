import Support

/// Every network that a specification can name as `model.architecture`. A program that imports this package
/// adds its own with `add` before it reads a specification.
public enum NetworkRegistry {
  /// One line per network.
  private static let registry = Registry<NetworkDescription>(
    "network",
    [
      .paperCNN,
      .mlp,
      .mcMahanCNN,
      .leNet5,
      .cnn3x3,
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

/// What a network is made for.
public struct NetworkInput: Sendable, Hashable {
  /// Channels of an image.
  public var channels: Int
  /// Rows of an image, in pixels.
  public var height: Int
  /// Columns of an image, in pixels.
  public var width: Int
  /// The number of class scores.
  public var classCount: Int
  /// Whether convolutions are followed by batch normalisation.
  public var batchNormalisation: Bool

  /// Images of that shape, and what is wanted of the network.
  public init(
    channels: Int, height: Int, width: Int, classCount: Int, batchNormalisation: Bool = false
  ) {
    self.channels = channels
    self.height = height
    self.width = width
    self.classCount = classCount
    self.batchNormalisation = batchNormalisation
  }
}

/// A network before its input and classes are known.
public struct NetworkDescription: Sendable {
  /// The name in specifications, such as `paper-cnn`.
  public let name: String
  /// What it is, in a few words.
  public let summary: String
  /// Whether it has convolutions, which batch normalisation can follow.
  public let hasConvolutions: Bool
  private let blocks: @Sendable (_ input: NetworkInput) -> [Architecture.Block]

  /// A network of that name.
  /// - Parameters:
  ///   - name: the name in specifications.
  ///   - summary: what it is, in a few words.
  ///   - hasConvolutions: whether it has convolutions, which batch normalisation can follow.
  ///   - blocks: its blocks, by its input.
  public init(
    name: String, summary: String, hasConvolutions: Bool = true,
    blocks: @escaping @Sendable (_ input: NetworkInput) -> [Architecture.Block]
  ) {
    self.name = name
    self.summary = summary
    self.hasConvolutions = hasConvolutions
    self.blocks = blocks
  }

  /// The network for an input. Throws `ArchitectureError` if its images are too small, if there is no class, or if
  /// batch normalisation is wanted of a network without convolutions.
  public func architecture(_ input: NetworkInput) throws -> Architecture {
    guard hasConvolutions || !input.batchNormalisation else {
      throw ArchitectureError(
        reason: "\(name) has no convolutions to normalise: set model.batch_normalisation to false")
    }
    return try Architecture(
      inputChannels: input.channels, inputHeight: input.height, inputWidth: input.width,
      blocks: blocks(input))
  }
}
