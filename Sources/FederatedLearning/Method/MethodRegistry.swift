/// Every method that a specification can name.
public enum MethodRegistry {
  /// One line a method.
  public static let all: [any FederatedMethod.Type] = [
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
  ]

  /// The method of that name, or nil.
  public static func method(named name: String) -> (any FederatedMethod.Type)? {
    all.first { $0.information.name == name }
  }
}
