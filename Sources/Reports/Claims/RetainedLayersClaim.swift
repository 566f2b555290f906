import Experiments
import Support

/// Claim 3: HeurpFedLA loses little accuracy while the downlink shrinks (Table 3).
///
/// A test of non-inferiority: the mean difference is tested against minus the largest loss that is
/// little. No further difference is required, so nothing is too close to matter here.
struct RetainedLayersClaim {
  /// The meaning of "little", in percentage points: the largest loss in the paper's Table 3, CIFAR-10 from
  /// 61.43 to 59.23.
  static let largestLoss = 2.2

  /// The claim, followed by each dataset and number of retained layers.
  let claims: [Claim]

  init(_ sweeps: [SweepResults]) {
    var parts: [ClaimPart] = []
    var missing = ""
    switch sweeps.usable("table3") {
    case .failure(let unusable): missing = unusable.reason
    case .success(let sweep):
      for dataset in sweep.labels("dataset") {
        for layers in sweep.labels("retained_layers") where layers != "0" {
          let place = ["dataset": dataset, "retained_layers": layers]
          if sweep.isPlanned(place) { parts.append(Self.part(sweep, place)) }
        }
      }
      missing = "table3 has no planned run with retained layers"
    }
    let judged = ClaimPart.judged(parts, number: 3)
    claims =
      [
        Claim(
          number: 3, statement: "HeurpFedLA loses little accuracy while the downlink shrinks",
          parts: judged, missing: missing)
      ] + judged
  }

  private static func part(_ sweep: SweepResults, _ place: [String: String]) -> ClaimPart {
    let layers = place["retained_layers"] ?? ""
    let paired = PairedRuns(
      sweep.runs(place), sweep.runs(place.merging(["retained_layers": "0"]) { $1 }))
    let with = MeasuredTraffic(paired.pairs.map(\.first)).downlinkPerParticipation
    let without = MeasuredTraffic(paired.pairs.map(\.second)).downlinkPerParticipation
    return ClaimPart(
      part: "table3, \(place["dataset"] ?? ""), \(layers) retained",
      statement:
        "it loses less than \(largestLoss) points of accuracy and its downlink is smaller",
      contrast: paired.contrast(reference: -largestLoss, smallestDifference: 0),
      explanation: { judged in
        guard judged.contrast.count > 0 else {
          return "No seed has runs with both \(layers) and 0 retained layers."
        }
        return "Accuracy \(CellAccuracy.difference(judged.contrast.mean)) points against pFedLA; "
          + "tested against a loss of \(largestLoss) points, the largest in the paper's table "
          + "(\(judged.text(unit: "points"))). Downlink per participation "
          + "\(CellAccuracy.difference(100 * (with / without - 1))) %."
      },
      isContradicted: with >= without)
  }
}
