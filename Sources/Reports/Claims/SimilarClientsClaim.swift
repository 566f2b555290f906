import Experiments
import Foundation
import Support

/// Claim 2: weights of clients with similar data grow, those of dissimilar clients fall (Figure 5);
/// the diagonal and its neighbours dominate (Figure 6). Each of these is tested separately.
///
/// Similar to a client is another that holds at least three quarters of its classes, as in the
/// paper's two examples. A seed's number is the mean over the clients that have both kinds of
/// others, times the number of clients N: differences are in units of 1/N, the weight that every
/// client has if all count equally.
struct SimilarClientsClaim {
  /// The smallest difference of weights that matters, in units of 1/N: a twentieth of the equal weight.
  static let smallestDifference = 0.05

  /// The claim, followed by its parts.
  let claims: [Claim]

  /// Changes of a weight below it, in units of 1/N, are rounding.
  private static let tolerance = 1e-5

  init(_ sweeps: [SweepResults], paper: PaperNumbers) {
    var parts: [ClaimPart] = []
    var missing: [UnusableSweep] = []
    switch sweeps.usable("figure5") {
    case .failure(let unusable): missing.append(unusable)
    case .success(let sweep):
      parts += Self.datasets(of: sweep).flatMap { Self.overTime(sweep, $0) }
    }
    switch sweeps.usable("figure6") {
    case .failure(let unusable): missing.append(unusable)
    case .success(let sweep):
      let rows = paper.rows("fig6.csv")
      parts += Self.datasets(of: sweep).flatMap { dataset in
        Self.atTheEnd(
          sweep, dataset,
          layer: rows.first { $0["dataset"] == dataset["dataset"] }?["layer"])
      }
    }
    let judged =
      ClaimPart.judged(parts, number: 2)
      + missing.map {
        Claim(
          number: 2, part: $0.name, statement: "", verdict: .inconclusive,
          explanation: $0.reason.capitalisedFirst + ".")
      }
    claims =
      [
        Claim(
          number: 2,
          statement: "Weights of clients with similar data grow and those of dissimilar clients "
            + "fall; a client and its neighbours dominate",
          parts: judged, missing: missing.map(\.reason).joined(separator: "; "))
      ] + judged
  }

  private static func datasets(of sweep: SweepResults) -> [[String: String]] {
    let labels = sweep.labels("dataset")
    return labels.isEmpty ? [[:]] : labels.map { ["dataset": $0] }
  }

  private static func part(
    _ sweep: SweepResults, _ dataset: [String: String], _ what: String, _ differences: [Double],
    _ numbers: String
  ) -> ClaimPart {
    let place = [sweep.plan.name, dataset["dataset"]].compactMap { $0 }.joined(separator: ", ")
    return ClaimPart(
      part: "\(place): \(what)", statement: what,
      contrast: SeedContrast(
        differences.filter(\.isFinite), smallestDifference: smallestDifference,
        tolerance: tolerance)
    ) { judged in
      judged.contrast.count == 0
        ? "There is no finished run with recorded weights and clients of both kinds."
        : "\(numbers) (\(judged.text(unit: "in units of 1/N")))."
    }
  }

  // MARK: Figure 5

  /// A run's weights, over layers, in the first and last third of the recorded rounds.
  private static func overTime(_ sweep: SweepResults, _ dataset: [String: String]) -> [ClaimPart] {
    let changes = sweep.runs(dataset).compactMap { run -> (early: Weights, late: Weights)? in
      let rounds = run.record.recordedRounds.indices
      let layers = Array(run.layers.indices)
      guard let early = Weights(run, rounds.prefix(rounds.count / 3), layers),
        let late = Weights(run, rounds.suffix(rounds.count / 3), layers)
      else { return nil }
      return (early, late)
    }
    func part(_ what: String, _ name: String, _ value: (Weights) -> Double, sign: Double = 1)
      -> ClaimPart
    {
      Self.part(
        sweep, dataset, what,
        changes.map { sign * $0.late.perEqualWeight(value($0.late) - value($0.early)) },
        "\(name), first → last third of the rounds: \(text(changes.map { value($0.early) }.mean)) "
          + "→ \(text(changes.map { value($0.late) }.mean))")
    }
    return [
      part(
        "similar clients' weights grow", "Mean weight of a similar client over layers and clients",
        \.similar),
      part(
        "dissimilar clients' weights fall",
        "Mean weight of a dissimilar client over layers and clients", \.dissimilar, sign: -1),
      part(
        "similar clients gain on dissimilar ones",
        "Lead of a similar client's weight over a dissimilar one's", \.lead),
    ]
  }

  // MARK: Figure 6

  /// Weights after the last recorded round: in the paper's layer if the model has it, otherwise in all layers.
  private static func atTheEnd(
    _ sweep: SweepResults, _ dataset: [String: String], layer: String?
  ) -> [ClaimPart] {
    let runs = sweep.runs(dataset)
    let hasLayer = layer.map { layer in runs.allSatisfy { $0.layers.contains(layer) } } ?? false
    let weights = runs.compactMap { run in
      Weights(
        run, run.record.recordedRounds.indices.suffix(1),
        run.layers.indices.filter { !hasLayer || run.layers[$0] == layer })
    }
    let numbers =
      "Mean weight over clients at the end"
      + (hasLayer ? " in \(layer ?? "")" : "")
      + ": own \(text(weights.map(\.own).mean)), a neighbour's "
      + "\(text(weights.map(\.similar).mean)), another's \(text(weights.map(\.dissimilar).mean))"
    return [
      part(
        sweep, dataset, "the diagonal dominates",
        weights.map { $0.perEqualWeight($0.own - $0.dissimilar) }, numbers),
      part(
        sweep, dataset, "neighbours dominate the rest",
        weights.map { $0.perEqualWeight($0.lead) }, numbers),
    ]
  }

  private static func text(_ weight: Double) -> String {
    String(format: "%.4f", weight).replacingOccurrences(of: "-", with: "−")
  }

  // MARK: Weights

  /// A run's mean weights that a client gives itself, a similar and a dissimilar client.
  private struct Weights {
    let own: Double
    let similar: Double
    let dissimilar: Double
    private let clientCount: Int
    var lead: Double { similar - dissimilar }

    /// A difference in units of 1/N.
    func perEqualWeight(_ difference: Double) -> Double { difference * Double(clientCount) }

    /// Means over recorded rounds, by position, layers and the clients that have others of both
    /// kinds; nil without such clients or without recorded weights.
    init?(_ run: RunResult, _ positions: some Collection<Int>, _ layers: [Int]) {
      guard !positions.isEmpty, let view = WeightView(run) else { return nil }
      func mean(_ client: Int, of sources: [Int]) -> Double {
        positions.flatMap { position in
          layers.flatMap { layer in
            sources.map {
              view.weight(position: position, client: client, layer: layer, source: $0)
            }
          }
        }.mean
      }
      let classes = run.labelCounts.map { counts in
        Set(counts.indices.filter { counts[$0] > 0 })
      }
      var clients: [(own: Double, similar: Double, dissimilar: Double)] = []
      for client in 0..<view.clientCount {
        let others = (0..<view.clientCount).filter { $0 != client }
        func isSimilar(_ other: Int) -> Bool {
          4 * classes[client].intersection(classes[other]).count >= 3 * classes[client].count
        }
        let similar = others.filter(isSimilar)
        let dissimilar = others.filter { !isSimilar($0) }
        guard !similar.isEmpty, !dissimilar.isEmpty else { continue }
        clients.append(
          (mean(client, of: [client]), mean(client, of: similar), mean(client, of: dissimilar)))
      }
      guard !clients.isEmpty else { return nil }
      own = clients.map(\.own).mean
      similar = clients.map(\.similar).mean
      dissimilar = clients.map(\.dissimilar).mean
      clientCount = view.clientCount
    }
  }
}
