import Experiments
import ExperimentsTestSupport
import FederatedLearning
import Reports
import Support
import Testing

/// Claim 1: pFedLA or HeurpFedLA is best in 14 of the 16 columns of Tables 1 and 2.
@Suite("Claims: the best method")
struct BestMethodClaimTests {
  private typealias Place = [String: String]
  private static let others = [
    "local", "fedavg", "per-fedavg", "pfedme", "pfedhn", "fedbn", "fedrep", "fedfomo",
  ]
  private static let all = others + ["pfedla", "heurpfedla"]
  private static let datasets = ["emnist", "fashion-mnist", "cifar10", "cifar100"]

  private func claims(_ sweeps: SweepResults...) -> Claims {
    Claims(sweeps, paper: HandMade.paper)
  }

  private func whole(_ claims: Claims) throws -> Claim {
    try #require(claims.claims.first { $0.number == 1 && $0.part.isEmpty })
  }

  private func part(_ claims: Claims, _ name: String) throws -> Claim {
    try #require(claims.claims.first { $0.part == name })
  }

  /// The columns of a table. Clients differ by up to 9 points. Every method has 50 % plus a client's
  /// own, but pFedLA and HeurpFedLA have some more.
  /// - Parameters:
  ///   - spread: how far the seeds' leads are from each other.
  ///   - lead: of one of the two, in accuracy.
  private func table(
    _ name: String, datasets: [String] = datasets, clients: [String] = ["10", "100"],
    methods: [String] = all, seeds: [String] = ["0", "1", "2"], isSynthetic: Bool = false,
    spread: Float = 1.0 / 1024, isFinished: @escaping (Place) -> Bool = { _ in true },
    diverged: String = "", partition: @escaping (String) -> String = { _ in "p" },
    lead: @escaping (Place) -> Float
  ) throws -> SweepResults {
    try HandMade.sweep(
      name,
      [("dataset", datasets), ("clients", clients), ("method", methods), ("seed", seeds)],
      isSynthetic: isSynthetic
    ) { place in
      guard isFinished(place) else { return nil }
      let method = place["method"] ?? ""
      let seed = UInt64(place["seed"] ?? "") ?? 0
      let isOurs = method.hasSuffix("pfedla")
      let base = isOurs ? 0.5 + lead(place) + spread * (Float(seed) - 1) : 0.5
      return HandMade.run(
        method, seed: seed, [(0..<10).map { (client: Int) -> Float in base + Float(client) / 100 }],
        isSynthetic: isSynthetic, partition: partition(method)
      ) { record in
        if method == diverged { record.divergedRounds = [0, 1] }
      }
    }
  }

  /// pFedLA leads by an eighth, HeurpFedLA not at all.
  private static func pFedLALeads(_ place: Place) -> Float {
    place["method"] == "pfedla" ? 0.125 : 0
  }

  @Test("best in all columns is supported, contrast by contrast")
  func bestEverywhere() throws {
    let claims = claims(
      try table("table1", lead: Self.pFedLALeads), try table("table2", lead: Self.pFedLALeads))
    let whole = try whole(claims)
    #expect(whole.verdict == .supported)
    #expect(
      whole.explanation
        == "16 of 16 columns can be compared: 16 supported, 0 refuted, 0 too close to "
        + "matter, 0 inconclusive. Descriptive, not a test: one of the two has the highest mean "
        + "in 16 of 16 columns.")
    let parts = claims.claims.filter { $0.number == 1 && !$0.part.isEmpty }
    #expect(parts.count == 16)
    #expect(parts.allSatisfy { $0.verdict == .supported })
    #expect(parts[0].part == "table1, emnist, 10 clients")
    #expect(
      parts[4].explanation.hasPrefix("pFedLA: supported against each of 8. HeurpFedLA: "))
    #expect(
      parts[4].explanation.contains(
        "Highest means (descriptive, over 3 seeds): pFedLA 67.00 %, the best other method Local "
          + "54.50 %."))
    // FedBN has no columns of EMNIST and FashionMNIST in the paper: 7 others there, 8 elsewhere.
    #expect(claims.contrasts.count == 2 * (4 * 2 * 7 + 4 * 2 * 8))
    #expect(claims.contrasts.count { $0.first == "heurpfedla" } == claims.contrasts.count / 2)
    let contrast = try #require(
      claims.contrasts.first {
        $0.dataset == "cifar10" && $0.first == "pfedla" && $0.second == "fedbn"
      })
    // Three seeds, not thirty clients.
    #expect(contrast.judged.contrast.count == 3)
    #expect(abs(contrast.judged.contrast.mean - 12.5) < 1e-4)
    #expect(abs(contrast.judged.contrast.standardDeviation - 100.0 / 1024) < 1e-4)
    #expect(contrast.judged.contrast.smallestDifference == 0.5)
    #expect(contrast.verdict == .supported)
  }

  @Test("one or two seeds conclude nothing, whatever the number of clients")
  func fewSeeds() throws {
    for seeds in [["0"], ["0", "1"]] {
      let claims = claims(
        try table("table1", seeds: seeds, lead: Self.pFedLALeads),
        try table("table2", seeds: seeds, lead: Self.pFedLALeads))
      #expect(claims.claims.allSatisfy { $0.verdict == .inconclusive })
      #expect(claims.contrasts.allSatisfy { $0.verdict == .inconclusive })
      let text = "\(seeds.count == 1 ? "1 seed" : "2 seeds"); at least 3 are needed."
      #expect(try whole(claims).explanation.hasPrefix("No column is conclusive: " + text))
      // The highest means are described anyway.
      #expect(
        try whole(claims).explanation.hasSuffix("has the highest mean in 16 of 16 columns."))
      #expect(try part(claims, "table1, cifar10, 10 clients").explanation.hasPrefix(text))
    }
  }

  @Test("13 of 16 columns are not 14; equal methods are too close to matter")
  func almostEverywhere() throws {
    func claim(equal: Int) throws -> Claim {
      let second = try table("table2", spread: 1.0 / 8192) { place in
        let column =
          2 * (Self.datasets.firstIndex(of: place["dataset"] ?? "") ?? 0)
          + (place["clients"] == "10" ? 0 : 1)
        return column < equal ? 0 : Self.pFedLALeads(place)
      }
      return try whole(claims(try table("table1", lead: Self.pFedLALeads), second))
    }
    #expect(try claim(equal: 2).verdict == .supported)
    #expect(try claim(equal: 3).verdict == .tooCloseToMatter)
    #expect(
      try claim(equal: 3).explanation.contains("13 supported, 0 refuted, 3 too close to matter"))
  }

  @Test("leads that vary more than they are large are inconclusive")
  func noisy() throws {
    let claims = claims(try table("table1", spread: 0.0625) { _ in 0.03125 })
    #expect(try whole(claims).verdict == .inconclusive)
    let part = try part(claims, "table1, cifar10, 10 clients")
    #expect(part.verdict == .inconclusive)
    #expect(part.explanation.hasPrefix("pFedLA: inconclusive against each of 8."))
  }

  @Test("three columns refuted refute it; two do not")
  func defeats() throws {
    func claim(defeats: Int) throws -> Claim {
      let lost = Self.datasets.prefix(defeats)
      return try whole(
        claims(
          try table("table1", clients: ["10"]) { place in
            lost.contains(place["dataset"] ?? "") ? -0.125 : 0
          }))
    }
    #expect(try claim(defeats: 3).verdict == .refuted)
    #expect(try claim(defeats: 2).verdict == .inconclusive)
    #expect(
      try claim(defeats: 3).explanation.contains(
        "4 of 16 columns can be compared: 0 supported, 3 refuted"))
  }

  @Test("a column is refuted only if each of the two loses to some method")
  func oneOfTwo() throws {
    let sweep = try table("table1", clients: ["10"]) { $0["method"] == "pfedla" ? -0.125 : 0 }
    let one = try part(claims(sweep), "table1, cifar10, 10 clients")
    #expect(one.verdict == .inconclusive)
    #expect(one.explanation.hasPrefix("pFedLA: refuted against each of 8. HeurpFedLA: "))
    // Without HeurpFedLA it might have won.
    let alone = try table(
      "table1", clients: ["10"], methods: Self.others + ["pfedla"]
    ) { _ in -0.125 }
    let missing = try part(claims(alone), "table1, cifar10, 10 clients")
    #expect(missing.verdict == .inconclusive)
    #expect(
      missing.explanation.hasSuffix(
        "HeurpFedLA: compared with none. Highest means (descriptive, over 3 seeds): pFedLA 42.00 %, the best "
          + "other method Local 54.50 %. Not run: HeurpFedLA."))
  }

  @Test("a method that was not run may be better, and the family does not shrink")
  func methodsMissing() throws {
    let claims = claims(
      try table(
        "table1", methods: ["local", "fedavg", "pfedla", "heurpfedla"], lead: Self.pFedLALeads))
    let part = try part(claims, "table1, cifar10, 10 clients")
    #expect(part.verdict == .inconclusive)
    #expect(
      part.explanation.hasPrefix(
        "pFedLA: supported against Local (+12.50), FedAvg (+12.50); not compared with "
          + "Per-FedAvg, pFedMe, pFedHN, FedBN, FedRep, FedFomo."))
    #expect(
      part.explanation.hasSuffix("Not run: Per-FedAvg, pFedMe, pFedHN, FedBN, FedRep, FedFomo."))
    // What was compared is shown, though no column is conclusive.
    #expect(
      claims.markdown.contains("- table1, cifar10, 10 clients: **inconclusive**. pFedLA: sup"))
    let column = claims.contrasts.filter { $0.dataset == "cifar10" && $0.clients == "10" }
    #expect(column.count == 16)
    #expect(column.count { $0.judged.contrast.count == 0 } == 12)
    let smallest = try #require(
      column.filter { $0.judged.contrast.count > 0 }
        .min { $0.judged.contrast.probability < $1.judged.contrast.probability })
    #expect(smallest.judged.holmProbability == 16 * smallest.judged.contrast.probability)
  }

  @Test("contrasts take the seeds of their own pair; the description those that all methods have")
  func differentSeeds() throws {
    let claims = claims(
      try table(
        "table1", seeds: ["0", "1", "2", "3"],
        isFinished: { place in
          switch place["method"] {
          case "local": place["seed"] != "3"
          case "fedavg": place["seed"] == "3"
          default: true
          }
        }, lead: Self.pFedLALeads))
    let column = claims.contrasts.filter { $0.dataset == "cifar10" && $0.clients == "10" }
    #expect(column.prefix(3).map(\.judged.contrast.count) == [3, 1, 4])
    #expect(column.prefix(3).map(\.verdict) == [.supported, .inconclusive, .supported])
    let part = try part(claims, "table1, cifar10, 10 clients")
    #expect(part.verdict == .inconclusive)
    #expect(part.explanation.contains("inconclusive against FedAvg (+12.70)"))
    #expect(!part.explanation.contains("Highest means"))
    #expect(try whole(claims).explanation.contains("8 of 16 columns can be compared"))
  }

  @Test("a method that diverged was not run, and is named")
  func diverged() throws {
    let claims = claims(try table("table1", diverged: "local", lead: Self.pFedLALeads))
    let part = try part(claims, "table1, cifar10, 10 clients")
    #expect(part.verdict == .inconclusive)
    #expect(part.explanation.hasSuffix("Not run: Local (diverged)."))
  }

  @Test("a further method of the plan is none of the paper's column")
  func furtherMethod() throws {
    let claims = claims(try table("table1", methods: Self.all + ["ditto"], lead: Self.pFedLALeads))
    #expect(!claims.contrasts.contains { $0.second == "ditto" })
    #expect(try part(claims, "table1, cifar10, 10 clients").verdict == .supported)
  }

  @Test("runs on different partitions are not compared")
  func partitions() throws {
    let claims = claims(try table("table1", partition: { $0 }, lead: Self.pFedLALeads))
    #expect(claims.claims.allSatisfy { $0.verdict == .inconclusive })
    #expect(claims.contrasts.allSatisfy { $0.judged.contrast.count == 0 })
    #expect(try whole(claims).explanation.hasSuffix("No column can be compared."))
  }

  @Test("synthetic data judge nothing")
  func synthetic() throws {
    let claims = claims(
      try table("table1", isSynthetic: true, lead: Self.pFedLALeads),
      try table("table2", isSynthetic: true, lead: Self.pFedLALeads))
    #expect(claims.claims.allSatisfy { $0.verdict == .inconclusive && $0.contrast == nil })
    #expect(claims.contrasts.isEmpty)
    #expect(try whole(claims).explanation.contains("SYNTHETIC"))
    #expect(claims.summary?.contains("the data are SYNTHETIC, so no claim is judged") == true)
  }

  @Test("contrasts.csv has a row for each contrast, with its numbers")
  func contrastsFile() throws {
    let claims = claims(
      try table(
        "table1", datasets: ["cifar10"], clients: ["10"],
        methods: Self.all.filter { $0 != "fedrep" },
        lead: Self.pFedLALeads))
    let rows = HandMade.rows(claims.contrastsCSV)
    #expect(rows.count == 16)
    #expect(rows.map { $0["first_method"] } == claims.contrasts.map(\.first))
    let first = try #require(rows.first)
    #expect(first["table"] == "table1" && first["dataset"] == "cifar10" && first["clients"] == "10")
    #expect(first["second_method"] == "local" && first["seeds"] == "3")
    #expect(first["verdict"] == "supported" && first["smallest_difference"] == "0.5")
    #expect(first["wilcoxon_p"] == "" && first["reference"] == "0")
    let judged = try #require(claims.contrasts.first?.judged)
    for (column, value) in [
      ("mean_difference", judged.contrast.mean), ("sd", judged.contrast.standardDeviation),
      ("interval_low", judged.contrast.interval()?.lowerBound),
      ("interval_high", judged.contrast.interval()?.upperBound),
      ("corrected_interval_low", judged.correctedInterval?.lowerBound),
      ("corrected_interval_high", judged.correctedInterval?.upperBound),
      ("t_p", judged.contrast.probability), ("holm_p", judged.holmProbability),
      ("effect_size", judged.contrast.effectSize),
    ] {
      #expect(value != nil && first[column].flatMap(Double.init) == value, "\(column)")
    }
    let missing = try #require(rows.first { $0["second_method"] == "fedrep" })
    #expect(missing["seeds"] == "0" && missing["verdict"] == "inconclusive")
    #expect(missing["mean_difference"] == "" && missing["holm_p"] == "")
  }
}
