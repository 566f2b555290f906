import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Foundation
import Reports
import TestSupport
import Testing

/// Claims 3 and 4, and what is written about all claims.
@Suite("The paper's claims")
struct ClaimsTests {
  private typealias Place = [String: String]

  private func claims(_ sweeps: SweepResults...) -> [Claim] {
    Claims(sweeps, paper: HandMade.paper).claims
  }

  private func whole(_ claims: [Claim], _ number: Int) throws -> Claim {
    try #require(claims.first { $0.number == number && $0.part.isEmpty })
  }

  @Test("without runs nothing is concluded, and it says why")
  func nothing() throws {
    let claims = claims()
    #expect(claims.filter(\.part.isEmpty).map(\.number) == [1, 2, 3, 4])
    #expect(claims.allSatisfy { $0.verdict == .inconclusive && $0.contrast == nil })
    #expect(try whole(claims, 1).explanation.contains("Table 2 was not run"))
    #expect(try whole(claims, 4).explanation == "Figure 1 was not run.")
  }

  // MARK: Claim 3

  /// Seeds lose `loss` more or less 0.2 points.
  private func retained(loss: Float, downlink: Double, seeds: [String] = ["0", "1", "2"]) throws
    -> SweepResults
  {
    try HandMade.sweep(
      "table3", [("dataset", ["cifar10"]), ("retained_layers", ["0", "1"]), ("seed", seeds)]
    ) { place in
      let keeps = place["retained_layers"] == "1"
      let seed = UInt64(place["seed"] ?? "") ?? 0
      return HandMade.run(
        keeps ? "heurpfedla" : "pfedla", seed: seed,
        [
          (0..<10).map { (client: Int) -> Float in
            let own = 0.5 + Float(client) / 100
            return keeps ? own - loss - (Float(seed) - 1) / 500 : own
          }
        ]
      ) { record in
        record.participated = [Bool](repeating: true, count: 10)
        record.uplinkBytes = [4000]
        record.downlinkBytes = [keeps ? downlink : 4000]
      }
    }
  }

  @Test("a loss below 2.2 points is little, one above is not, one in between is inconclusive")
  func littleLoss() throws {
    for (loss, verdict) in [
      (Float(0.005), Verdict.supported), (0.0195, .inconclusive), (0.05, .refuted),
    ] {
      let claims = claims(try retained(loss: loss, downlink: 3000))
      #expect(try whole(claims, 3).verdict == verdict, "\(loss)")
      let part = try #require(claims.first { $0.part == "table3, cifar10, 1 retained" })
      #expect(part.verdict == verdict)
      #expect(part.explanation.contains("Downlink per participation −25.00 %"))
      #expect(part.contrast?.contrast.count == 3)
      #expect(part.contrast?.contrast.reference == -2.2)
    }
  }

  @Test("a downlink that does not shrink refutes it, but not with two seeds")
  func downlink() throws {
    #expect(try whole(claims(try retained(loss: 0, downlink: 4000)), 3).verdict == .refuted)
    let few = claims(try retained(loss: 0, downlink: 4000, seeds: ["0", "1"]))
    #expect(try whole(few, 3).verdict == .inconclusive)
    #expect(
      try whole(few, 3).explanation == "No part is conclusive: 2 seeds; at least 3 are needed.")
  }

  // MARK: Claim 4

  private func figure1(
    seeds: Int = 3, profile: String = "quick", overrides: [String] = [],
    partition: (String) -> String = { _ in "p" }, lead: @escaping (Int) -> Float
  ) throws -> SweepResults {
    try HandMade.sweep(
      "figure1",
      [
        ("method", ["similarity-layerwise", "similarity-modelwise"]),
        ("seed", (0..<seeds).map(String.init)),
      ], profile: profile, overrides: overrides
    ) { place in
      let isLayerwise = place["method"] == "similarity-layerwise"
      let seed = Int(place["seed"] ?? "") ?? 0
      return HandMade.run(
        place["method"] ?? "", seed: UInt64(seed),
        [
          (0..<6).map { (client: Int) -> Float in
            0.5 + Float(client) / 64 + (isLayerwise ? lead(seed) : 0)
          }
        ],
        partition: partition(place["method"] ?? ""))
    }
  }

  @Test("layer-wise against model-wise, each word reached")
  func layerwise() throws {
    for (lead, verdict) in [
      ({ 0.125 + Float($0) / 1024 }, Verdict.supported),
      ({ -0.125 - Float($0) / 1024 }, .refuted), ({ Float($0) / 4096 }, .tooCloseToMatter),
      ({ $0 == 0 ? -0.125 : 0.125 }, .inconclusive),
    ] as [((Int) -> Float, Verdict)] {
      #expect(try whole(claims(try figure1(lead: lead)), 4).verdict == verdict)
    }
    let better = try whole(claims(try figure1 { 0.125 + Float($0) / 1024 }), 4)
    // Three seeds of six clients each are three.
    #expect(better.contrast?.contrast.count == 3)
    #expect(better.explanation.contains("Layer-wise 66.50 %, model-wise 53.91 %"))
    #expect(
      better.explanation.contains(
        "difference +12.60 points (3 seeds: 95 % interval +12.36 to +12.84 points, p < 0.0001, "
          + "Holm's p < 0.0001, Hedges' g +72.78)"))
    let unpaired = try whole(claims(try figure1(partition: { $0 }) { _ in 0.125 }), 4)
    #expect(unpaired.verdict == .inconclusive)
    #expect(unpaired.contrast == nil)
  }

  @Test("Wilcoxon's p stands beside from six seeds on")
  func wilcoxon() throws {
    let six = try whole(claims(try figure1(seeds: 6) { 0.125 + Float($0) / 1024 }), 4)
    #expect(six.explanation.contains("Wilcoxon's p = 0.0312"))
    let five = try whole(claims(try figure1(seeds: 5) { 0.125 + Float($0) / 1024 }), 4)
    #expect(five.verdict == .supported && !five.explanation.contains("Wilcoxon"))
  }

  // MARK: What is written

  @Test("files, section and page")
  func files() throws {
    let folder = try TemporaryFolder()
    let claims = Claims(
      [try figure1 { 0.125 + Float($0) / 1024 }], paper: HandMade.paper)
    let section = try claims.write(to: folder.path)
    #expect(section.files == ["claims.csv", "contrasts.csv", "claims.md"])
    for file in section.files {
      #expect(try !Data(contentsOf: folder.file(file)).isEmpty)
    }
    let rows = HandMade.rows(claims.csv)
    #expect(rows.count == claims.claims.count)
    #expect(rows.last?["claim"] == "4")
    #expect(rows.last?["verdict"] == "supported")
    #expect(rows.last?["seeds"] == "3")
    #expect(
      rows.last?["t_p"].flatMap(Double.init) == claims.claims.last?.contrast?.contrast.probability)
    #expect(rows.first?["seeds"] == "" && rows.first?["holm_p"] == "")
    let text = try String(contentsOf: folder.file("claims.md"), encoding: .utf8)
    #expect(text.contains("**Supported**: Layer-wise 66.50 %"))
    #expect(text.contains("figure1: profile quick, 1 rounds"))
    #expect(text.contains("one seed's mean over clients"))
    // A claim without a conclusive part has one line, and all its rows in claims.csv.
    #expect(rows.count { $0["claim"] == "2" } == 3)
    #expect(section.tables.first?.rows.count == 4)
    #expect(!text.contains("\n- "))
    #expect(claims.summary == nil)
    #expect(claims.html.contains("<span class=\"verdict supported\">supported</span>"))
    #expect(claims.html.contains("<span class=\"verdict inconclusive\">inconclusive</span>"))
  }

  @Test("where nothing is conclusive one line stands for the page")
  func oneLine() throws {
    let folder = try TemporaryFolder()
    let claims = Claims([try figure1(seeds: 1) { _ in 0.125 }], paper: HandMade.paper)
    let section = try claims.write(to: folder.path)
    let line =
      "All verdicts are inconclusive: 1 seed; at least 3 are needed. The numbers are in claims.csv "
      + "and contrasts.csv."
    #expect(claims.summary == line)
    #expect(
      try String(contentsOf: folder.file("claims.md"), encoding: .utf8)
        == "# The paper's claims: the paper's training was not run\n\n\(line)\n")
    #expect(section.tables.isEmpty && section.notes == [line])
    #expect(claims.html.contains("<p>\(line)</p>") && !claims.html.contains("<ul"))
    // claims.csv has the numbers anyway.
    let rows = HandMade.rows(claims.csv)
    #expect(rows.count == claims.claims.count)
    #expect(rows.last?["mean_difference"] == "12.5" && rows.last?["seeds"] == "1")
    let wide = Claims([try figure1 { $0 == 0 ? -0.125 : 0.125 }], paper: HandMade.paper)
    #expect(
      wide.summary?.hasPrefix(
        "All verdicts are inconclusive: 3 seeds leave every interval too wide.") == true)
    #expect(
      Claims([], paper: HandMade.paper).summary?.contains("no finished runs to pair") == true)
  }

  @Test("the heading says where the paper's training was not run")
  func heading() throws {
    func heading(_ profile: String, _ overrides: [String] = [], also: [SweepResults] = []) throws
      -> String
    {
      let sweep = try figure1(profile: profile, overrides: overrides) { _ in 0.125 }
      return Claims([sweep] + also, paper: HandMade.paper).heading
    }
    #expect(try heading("paper") == "The paper's claims")
    #expect(try heading("paper", ["saved_models=none"]) == "The paper's claims")
    let notRun = "The paper's claims: the paper's training was not run"
    #expect(try heading("quick") == notRun)
    #expect(try heading("short") == notRun)
    #expect(try heading("paper", ["rounds=30"]) == notRun)
    #expect(Claims([], paper: HandMade.paper).heading == notRun)
    let other = try HandMade.sweep("table3", [("seed", ["0"])]) { _ in nil }
    #expect(try heading("paper", also: [other]) == notRun + " for table3")
    // A custom sweep is not a claim of the paper.
    let own = try HandMade.sweep("mine", [("seed", ["0"])]) { _ in nil }
    #expect(try heading("paper", also: [own]) == "The paper's claims")
  }
}
