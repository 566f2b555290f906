import Foundation

// Draws that need logarithms and square roots: equal with the same C library, and within rounding
// elsewhere.
extension RandomStream {
  /// A standard normal number (Marsaglia's polar method; the second number of a pair is dropped so
  /// that the stream has no hidden state).
  public mutating func normal() -> Double {
    while true {
      let x = 2 * uniformDouble() - 1
      let y = 2 * uniformDouble() - 1
      let square = x * x + y * y
      if square > 0, square < 1 { return x * (-2 * log(square) / square).squareRoot() }
    }
  }

  /// A Gamma(`shape`, 1) number; `shape` must be positive.
  ///
  /// Marsaglia and Tsang, *A simple method for generating gamma variables*, 2000,
  /// DOI 10.1145/358407.358414; a shape below one is raised by one and scaled by u^(1/shape).
  public mutating func gamma(shape: Double) -> Double {
    precondition(shape > 0, "shape must be positive")
    if shape < 1 {
      let raised = gamma(shape: shape + 1)
      return raised * pow(1 - uniformDouble(), 1 / shape)
    }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let root = 1 + c * x
      guard root > 0 else { continue }
      let v = root * root * root
      let u = 1 - uniformDouble()
      if log(u) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
    }
  }

  /// A symmetric Dirichlet(`concentration`) draw over `count` categories; sums to 1 except for
  /// rounding. When every gamma underflows (tiny concentrations), all mass goes to one category.
  public mutating func dirichlet(concentration: Double, count: Int) -> [Double] {
    precondition(count > 0, "count must be positive")
    let draws = (0..<count).map { _ in gamma(shape: concentration) }
    let sum = draws.reduce(0, +)
    guard sum > 0 else {
      let chosen = integer(below: count)
      return (0..<count).map { $0 == chosen ? 1 : 0 }
    }
    return draws.map { $0 / sum }
  }
}
