import Experiments
import Support

/// Claim 4: aggregation by similarity of layers beats that of whole models (Figure 1).
struct LayerwiseClaim {
  private static let statement =
    "Layer-wise aggregation by similarity is better than model-wise"

  /// The claim; it has no parts.
  let claims: [Claim]

  init(_ sweeps: [SweepResults]) {
    switch sweeps.usable("figure1") {
    case .failure(let unusable):
      claims = [
        Claim(
          number: 4, statement: Self.statement, verdict: .inconclusive,
          explanation: unusable.reason.capitalisedFirst + ".")
      ]
    case .success(let sweep):
      let paired = PairedRuns(
        sweep.runs(["method": "similarity-layerwise"]),
        sweep.runs(["method": "similarity-modelwise"]))
      claims = ClaimPart.judged(
        [
          ClaimPart(part: "", statement: Self.statement, contrast: paired.contrast()) {
            Self.explanation(paired, $0)
          }
        ], number: 4)
    }
  }

  private static func explanation(_ paired: PairedRuns, _ judged: JudgedContrast) -> String {
    guard judged.contrast.count > 0 else {
      return "No seed has runs of both similarity-layerwise and similarity-modelwise."
    }
    let layerwise = CellAccuracy(paired.pairs.map(\.first)).mean
    let modelwise = CellAccuracy(paired.pairs.map(\.second)).mean
    return "Layer-wise \(CellAccuracy.number(layerwise)) %, model-wise "
      + "\(CellAccuracy.number(modelwise)) % over all clients at the last evaluation: "
      + "difference \(CellAccuracy.difference(judged.contrast.mean)) points "
      + "(\(judged.text(unit: "points"))). The paper shows one client only."
  }
}
