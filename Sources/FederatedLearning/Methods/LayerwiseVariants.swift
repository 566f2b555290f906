/// What public code of pFedLA does other than the paper, as keys of pFedLA and HeurpFedLA, to measure what each
/// difference costs. At their defaults they are the paper's algorithm. Documentation/variants.md says which code
/// does what; weights per tensor are `model.units: tensors`.
enum LayerwiseVariants {
  static let hypernetworkStep = MethodOption<HypernetworkStep>(
    "hypernetwork_step", default: .downhill,
    "downhill descends on the clients' losses (Equations 7 to 11). uphill has the sign of public code (FL-bench, "
      + "KarhouTam/pFedLA); frozen leaves hypernetworks as initialised, as player_fl does.",
    neutral: .downhill)
  static let storedModel = MethodOption<StoredModel>(
    "stored_model", default: .trained,
    "What the server stores of a participant and evaluates as trained: its trained model (Algorithm 1), or "
      + "old-plus-update: the model it had stored before plus Δθ (FL-bench, player_fl).",
    neutral: .trained)
  static let weights = MethodOption<WeightSource>(
    "weights", default: .hypernetwork,
    "Where aggregation weights come from: a hypernetwork, or direct (ours): trained numbers, one for each layer and "
      + "source client, in place of the hypernetwork's outputs, from the same initial values.",
    neutral: .hypernetwork)

  static let options: [any DeclaredOption] = [hypernetworkStep, storedModel, weights]
}

/// Which way a hypernetwork steps along (∂θ̄_i/∂(v_i, ψ_i))ᵀ Δθ_i, where Δθ_i is trained minus received.
enum HypernetworkStep: String, MethodChoice {
  /// Along it: the received model moves towards the trained one.
  case downhill
  /// Against it: away from the trained one.
  case uphill
  /// Not at all.
  case frozen

  /// The sign of β.
  var sign: Float {
    switch self {
    case .downhill: 1
    case .uphill: -1
    case .frozen: 0
    }
  }
}

/// What the server stores of a participant after a round.
enum StoredModel: String, MethodChoice {
  /// Its trained model θ̄_i + Δθ_i.
  case trained
  /// The model that it had stored before plus Δθ_i.
  case oldPlusUpdate = "old-plus-update"
}

/// Where the numbers come from that the normaliser turns into aggregation weights.
enum WeightSource: String, MethodChoice {
  /// The outputs of the client's hypernetwork.
  case hypernetwork
  /// Trained numbers z_i, axes (layer, source client), that start at the outputs of the hypernetwork as
  /// initialised: z_i ← z_i + β (∂θ̄_i/∂z_i)ᵀ Δθ_i.
  case direct
}
