import NeuralNetworks

/// A step of the shared hypernetwork's heads in a sequence of such steps.
struct HeadTurn: Sendable {
  /// The participants whose gradients it follows.
  var members: Range<Int>
  /// z of each of them, axes (participant, hidden).
  var features: [[Float]]
  /// The gradient of row p is factor · Σ_i Δθ_i[p] (z_i, 1).
  var factor: Float
}

/// What several steps of the shared hypernetwork's heads in a row mean for the hidden layers, without the heads
/// being touched.
///
/// A step V ← μ V + λ W + G, W ← W − η V is linear, and G_t = factor_t · Σ_i Δθ_i ⊗ z_i over its turn's members.
/// So after some turns
///
///     W = a W₀ + b V₀ + Σ_k c_k Δθ_k ⊗ z_k,  likewise V
///
/// over the members k of those turns, and −Σ_p Δθ_i[p] W[p], all that a later turn's hidden layers need of the
/// heads, is made of the products with W₀ and V₀ and of ⟨Δθ_i, Δθ_k⟩ z_k. The heads are read once before the first
/// turn, and stepped once, row by row through all turns, after the last.
struct HeadSequence: Sendable {
  /// Coefficients of W or V.
  private struct Coefficients: Sendable {
    /// The coefficient of W₀.
    var weights: Double
    /// The coefficient of V₀.
    var velocity: Double
    /// The coefficients of Δθ_k ⊗ z_k, axis (participant).
    var gradients: [Double] = []

    static func combination(_ a: Double, _ x: Coefficients, _ b: Double, _ y: Coefficients)
      -> Coefficients
    {
      Coefficients(
        weights: a * x.weights + b * y.weights, velocity: a * x.velocity + b * y.velocity,
        gradients: zip(x.gradients, y.gradients).map { a * $0 + b * $1 })
    }
  }

  private let optimiser: StochasticGradientDescent
  private let share: Double
  private let products: [ModelGenerator.HeadProducts]
  private var weights = Coefficients(weights: 1, velocity: 0)
  private var velocity = Coefficients(weights: 0, velocity: 1)
  /// z of the participants so far, axes (participant, hidden).
  private var features: [[Float]] = []
  /// The turns so far.
  private(set) var turns: [HeadTurn] = []

  /// Before the first turn.
  /// - Parameter products: of all participants, with the heads as they are then.
  init(_ descent: ModelGenerator.Descent, products: [ModelGenerator.HeadProducts]) {
    optimiser = descent.optimiser
    share = Double(descent.share)
    self.products = products
  }

  /// −share · Σ_p Δθ_i[p] W[p] with W as the turns so far leave it, axis (hidden).
  func featureGradient(of participant: Int) -> [Float] {
    let own = products[participant]
    // To the letter if there is nothing to combine.
    guard !turns.isEmpty else { return own.weights.map(Float.init) }
    var sum = zip(own.weights, own.velocity).map { weights.weights * $0 + weights.velocity * $1 }
    for (other, features) in features.enumerated() {
      let factor = share * weights.gradients[other] * own.changes[other]
      for (index, value) in features.enumerated() { sum[index] -= factor * Double(value) }
    }
    return sum.map(Float.init)
  }

  /// ⟨Δθ_i, Δθ_j⟩ of some participants, axes (participant, participant).
  func changeProducts(of members: Range<Int>) -> [[Double]] {
    products[members].map { Array($0.changes[members]) }
  }

  /// Enters the next turn, of the participants that follow those so far.
  mutating func take(_ turn: HeadTurn) {
    for _ in turn.members {
      weights.gradients.append(0)
      velocity.gradients.append(0)
    }
    velocity = .combination(
      Double(optimiser.momentum), velocity, Double(optimiser.weightDecay), weights)
    for member in turn.members { velocity.gradients[member] += Double(turn.factor) }
    weights = .combination(1, weights, -Double(optimiser.learningRate), velocity)
    features += turn.features
    turns.append(turn)
  }
}
