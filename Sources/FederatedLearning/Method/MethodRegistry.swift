import Support

/// Every method that a specification can name. A program that imports this package adds its own with
/// `add` before it reads a specification.
public enum MethodRegistry {
  /// One line per method.
  private static let registry = Registry<any FederatedMethod.Type>(
    "method",
    [
      Local.self,
      FedAvg.self,
      PerFedAvg.self,
      PFedMe.self,
      PFedHN.self,
      FedBN.self,
      FedRep.self,
      FedFomo.self,
      PFedLA.self,
      HeurpFedLA.self,
      SimilarityLayerwise.self,
      SimilarityModelwise.self,
      FedProx.self,
      FedPer.self,
      LGFedAvg.self,
      Ditto.self,
      APFL.self,
      FedAMP.self,
      FedALA.self,
      Scaffold.self,
      FedAPA.self,
      FedAGHN.self,
    ]
  ) { $0.information.name }

  /// All methods, this package's first.
  public static var all: [any FederatedMethod.Type] { registry.all }

  /// The names of all methods.
  public static var names: [String] { registry.names }

  /// The method of that name, or nil.
  public static func method(named name: String) -> (any FederatedMethod.Type)? { registry[name] }

  /// The title of the method of that name; the name itself where there is no such method.
  public static func title(of name: String) -> String { registry[name]?.information.title ?? name }

  /// Adds a method. Throws `RegistryError` if its name is taken, or is not made of lowercase letters,
  /// digits and hyphens.
  public static func add(_ method: any FederatedMethod.Type) throws { try registry.add(method) }
}
