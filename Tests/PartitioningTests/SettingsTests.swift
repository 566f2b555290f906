import Foundation
import Partitioning
import TestSupport
import Testing

@Suite("Partition settings")
struct SettingsTests {
  /// A value from YAML's flow notation, which for these values is JSON.
  static func parsed(_ text: String) throws -> PartitionSettings.Value {
    try JSONDecoder().decode(PartitionSettings.Value.self, from: Data(text.utf8))
  }

  @Test("a mapping decodes, with defaults for what is left out")
  func decoding() throws {
    let json = """
      {"scheme": "dominant-classes", "clients": 10, "samples_per_client": 600,
       "dominant_classes": 2, "train_fraction": 0.75}
      """
    let settings = try JSONDecoder().decode(PartitionSettings.self, from: Data(json.utf8))
    let specification = try PartitionSpecification(settings: settings)
    #expect(
      specification.settings == [
        PartitionSetting("clients", "10"), PartitionSetting("samples_per_client", "600"),
        PartitionSetting("dominant_classes", "2"), PartitionSetting("ratio", "6.0"),
        PartitionSetting("train_fraction", "0.75"),
      ])
  }

  @Test("a list of classes decodes, the number of clients follows from it")
  func decodingLists() throws {
    let json =
      #"{"scheme": "classes-per-client", "samples_per_client": 9, "client_classes": [[1], [0, 2]]}"#
    let settings = try JSONDecoder().decode(PartitionSettings.self, from: Data(json.utf8))
    let specification = try PartitionSpecification(settings: settings)
    #expect(specification.settings.first == PartitionSetting("clients", "2"))
    #expect((specification.scheme as? ClassesPerClient)?.choice == .listed([[1], [0, 2]]))
  }

  static let classesPerClient: [String: PartitionSettings.Value] = [
    "scheme": .text("classes-per-client"), "clients": .integer(10),
    "samples_per_client": .integer(40), "classes_per_client": .integer(4),
  ]
  static let listed: [String: PartitionSettings.Value] = [
    "scheme": .text("classes-per-client"), "samples_per_client": .integer(40),
  ]
  static let dominant: [String: PartitionSettings.Value] = [
    "scheme": .text("dominant-classes"), "clients": .integer(10),
    "samples_per_client": .integer(40), "dominant_classes": .integer(2),
  ]
  static let dirichlet: [String: PartitionSettings.Value] = [
    "scheme": .text("dirichlet"), "clients": .integer(10), "concentration": .number(0.5),
  ]
  static let iid: [String: PartitionSettings.Value] = [
    "scheme": .text("iid"), "clients": .integer(10), "samples_per_client": .integer(40),
  ]

  /// The line for `base` with one key changed.
  private func line(
    _ base: [String: PartitionSettings.Value], _ key: String, _ value: PartitionSettings.Value?
  ) -> String {
    var settings = base
    settings[key] = value
    return errorLine(settings: settings)
  }

  @Test("the settings that the errors are tried on are sound themselves")
  func sound() {
    for settings in [Self.classesPerClient, Self.dominant, Self.dirichlet, Self.iid] {
      #expect(errorLine(settings: settings) == "nothing thrown")
    }
  }

  @Test("schemes and keys that do not exist")
  func unknown() {
    #expect(
      line(Self.iid, "scheme", .text("dirichelt"))
        == "partition.scheme: found \"dirichelt\", expected one of classes-per-client, "
        + "dominant-classes, dirichlet, iid, natural")
    #expect(
      line(Self.iid, "scheme", nil)
        == "partition.scheme: missing, expected one of classes-per-client, dominant-classes, "
        + "dirichlet, iid, natural")
    #expect(
      line(Self.iid, "scheme", .integer(2))
        == "partition.scheme: found 2, expected one of classes-per-client, dominant-classes, "
        + "dirichlet, iid, natural")
    #expect(
      line(Self.classesPerClient, "class_per_client", .integer(4))
        == "partition.class_per_client: unknown key for the scheme classes-per-client; did you "
        + "mean classes_per_client?")
    #expect(
      line(Self.iid, "ratio", .integer(4))
        == "partition.ratio: unknown key for the scheme iid; it knows scheme, clients, "
        + "samples_per_client, train_fraction")
  }

  @Test("values that are missing or of another type")
  func types() {
    #expect(
      line(Self.iid, "clients", nil)
        == "partition.clients: missing, and the scheme iid has no default for it")
    #expect(
      line(Self.classesPerClient, "classes_per_client", nil)
        == "partition.classes_per_client: missing, and the scheme classes-per-client has no "
        + "default for it")
    #expect(
      line(Self.dirichlet, "concentration", nil)
        == "partition.concentration: missing, and the scheme dirichlet has no default for it")
    #expect(
      line(Self.iid, "clients", .text("ten"))
        == "partition.clients: found \"ten\", expected a whole number")
    #expect(
      line(Self.iid, "samples_per_client", .number(4.5))
        == "partition.samples_per_client: found 4.5, expected a whole number")
    #expect(
      line(Self.dominant, "ratio", .list([.integer(1)]))
        == "partition.ratio: found [1], expected a number")
    let expected = "expected a list of lists of whole numbers, such as [[0, 1], [2, 3]]"
    #expect(
      line(Self.listed, "client_classes", .integer(1))
        == "partition.client_classes: found 1, \(expected)")
    #expect(
      line(Self.listed, "client_classes", .list([.integer(1)]))
        == "partition.client_classes: found 1 in the list, \(expected)")
    #expect(
      line(Self.listed, "client_classes", .list([.list([.text("a")])]))
        == "partition.client_classes: found \"a\" in a list, \(expected)")
  }

  @Test("values that no dataset can meet")
  func impossible() {
    for base in [Self.classesPerClient, Self.dominant, Self.dirichlet, Self.iid] {
      for clients in [0, -3] {
        #expect(
          line(base, "clients", .integer(clients))
            == "partition.clients: found \(clients), expected at least 1")
      }
      for samples in [1, 0, -600] {
        #expect(
          line(base, "samples_per_client", .integer(samples))
            == "partition.samples_per_client: found \(samples), expected at least 2 (one for training "
            + "and one for testing)")
      }
      for (fraction, text) in [(0.0, "0.0"), (1, "1.0"), (-0.5, "-0.5"), (.nan, "nan")] {
        #expect(
          line(base, "train_fraction", .number(fraction))
            == "partition.train_fraction: found \(text), expected a number between 0 and 1")
      }
    }
    #expect(
      line(Self.classesPerClient, "classes_per_client", .integer(0))
        == "partition.classes_per_client: found 0, expected at least 1")
    #expect(
      line(Self.classesPerClient, "classes_per_client", .integer(11))
        == "partition.classes_per_client: found 11, expected at most the 10 classes of the dataset")
    #expect(
      line(Self.classesPerClient, "samples_per_client", .integer(3))
        == "partition.samples_per_client: found 3, expected at least 1 for each of the 4 classes "
        + "of a client")
    #expect(
      line(Self.dominant, "dominant_classes", .integer(0))
        == "partition.dominant_classes: found 0, expected at least 1")
    #expect(
      line(Self.dominant, "dominant_classes", .integer(11))
        == "partition.dominant_classes: found 11, expected at most the 10 classes of the dataset")
    for (ratio, text) in [(0.5, "0.5"), (-1, "-1.0"), (.infinity, "inf"), (.nan, "nan")] {
      #expect(
        line(Self.dominant, "ratio", .number(ratio))
          == "partition.ratio: found \(text), expected at least 1")
    }
    for (concentration, text) in [(0.0, "0.0"), (-1, "-1.0"), (.infinity, "inf"), (.nan, "nan")] {
      #expect(
        line(Self.dirichlet, "concentration", .number(concentration))
          == "partition.concentration: found \(text), expected a number above 0, at most 1e9")
    }
    #expect(
      line(Self.dirichlet, "minimum_samples_per_client", .integer(1))
        == "partition.minimum_samples_per_client: found 1, expected at least 2 (one for training "
        + "and one for testing)")
    var capped = Self.dirichlet
    capped["samples_per_client"] = .integer(40)
    #expect(
      line(capped, "minimum_samples_per_client", .integer(41))
        == "partition.minimum_samples_per_client: found 41, expected at most "
        + "partition.samples_per_client (40), the mean over clients")
  }

  @Test("lists of classes that cannot be")
  func listedClasses() {
    func line(_ classes: [[Int]], clients: Int? = nil, perClient: Int? = nil) -> String {
      var settings = Self.listed
      settings["client_classes"] = .list(classes.map { .list($0.map { .integer($0) }) })
      settings["clients"] = clients.map { .integer($0) }
      settings["classes_per_client"] = perClient.map { .integer($0) }
      return errorLine(settings: settings)
    }
    let key = "partition.client_classes:"
    #expect(line([]) == "\(key) found an empty list, expected the classes of every client")
    #expect(line([[0], []]) == "\(key) client 1 has no class, expected at least 1")
    #expect(line([[0], [-1]]) == "\(key) client 1 has the class -1, expected 0 or more")
    #expect(line([[0], [10]]) == "\(key) client 1 has the class 10, expected 0 to 9")
    #expect(
      line([[4, 0, 4]]) == "\(key) client 0 has the class 4 twice, expected different classes")
    #expect(
      line([[0], [1]], perClient: 1)
        == "\(key) found together with partition.classes_per_client; keep one of them")
    #expect(
      line([[0], [1]], clients: 3)
        == "\(key) lists 2 clients, but partition.clients is 3; make them equal or leave "
        + "partition.clients out")
    #expect(line([[0], [1]], clients: 2) == "nothing thrown")
  }

  @Test("more samples than there are")
  func tooMany() {
    // 10 clients with 4 of 10 classes: each class by 4 clients, who get 101/4 or a little more.
    #expect(
      line(Self.classesPerClient, "samples_per_client", .integer(104))
        == "partition.samples_per_client: class 0 needs 104 samples, but there are 100; the largest "
        + "value that fits is 100")
    #expect(
      line(Self.iid, "samples_per_client", .integer(101))
        == "partition.samples_per_client: 10 clients with 101 samples each need more than the 1000 "
        + "available samples; the largest value that fits is 100")
    #expect(
      line(Self.dominant, "samples_per_client", .integer(200))
        == "partition.samples_per_client: class 0 needs 200 samples, but there are 100; the largest "
        + "value that fits is 100")
    #expect(
      line(Self.classesPerClient, "clients", .integer(251))
        .hasSuffix("; no value fits, so use fewer clients or pool more files"))
    #expect(
      line(Self.dirichlet, "clients", .integer(200))
        == "partition.minimum_samples_per_client: 200 clients with at least 10 samples need more "
        + "than the 1000 available samples; lower it or use fewer clients")
  }

  @Test("numbers that are absurd are refused at once", arguments: [Int.max, 1 << 40, 501])
  func absurd(number: Int) {
    for base in [Self.classesPerClient, Self.dominant, Self.dirichlet, Self.iid] {
      #expect(line(base, "clients", .integer(number)) != "nothing thrown")
      let samples = line(base, "samples_per_client", .integer(number))
      #expect(samples.hasPrefix("partition.samples_per_client: "))
      #expect(samples.hasSuffix("; the largest value that fits is 100"))
    }
    #expect(
      line(Self.iid, "clients", .integer(number))
        == "partition.samples_per_client: \(number) clients with 40 samples each need more than "
        + "the 1000 available samples; no value fits, so use fewer clients or pool more files")
  }

  @Test("the largest value that an error offers fits, and the next does not")
  func offeredValue() throws {
    // Class 3 is rare.
    let labels = evenLabels(classes: 10, perClass: 100).enumerated().map { index, label in
      label == 3 && index % 3 == 0 ? -1 : label
    }
    for seed in 0..<10 as Range<UInt64> {
      func line(_ samples: Int) -> String {
        errorLine {
          _ = try makePartition(
            ClassesPerClient(clients: 10, samplesPerClient: samples, classesPerClient: 4),
            labels: labels, classCount: 10, seed: seed)
        }
      }
      let error = line(500)
      let offered = try #require(error.split(separator: " ").last.flatMap { Int($0) })
      #expect(line(offered) == "nothing thrown")
      #expect(line(offered + 1).contains("class 3 needs"))
    }
  }

  @Test("dominant classes that leave a class empty")
  func emptyClass() {
    let error = line(Self.dominant, "samples_per_client", .integer(12))
    #expect(
      error.hasPrefix(
        "partition.samples_per_client: 12 samples over 10 classes with partition.ratio 6.0 leave "
          + "client 0 none of class "))
    #expect(error.hasSuffix("; raise it or lower the ratio"))
  }

  @Test("a share of the dominant classes stands in place of the ratio, not beside it")
  func dominantShare() throws {
    var settings = Self.dominant
    settings["dominant_share"] = .number(0.6)
    let specification = try PartitionSpecification(settings: PartitionSettings(settings))
    #expect(
      specification.settings == [
        PartitionSetting("clients", "10"), PartitionSetting("samples_per_client", "40"),
        PartitionSetting("dominant_classes", "2"), PartitionSetting("dominant_share", "0.6"),
        PartitionSetting("train_fraction", "0.7"),
      ])
    #expect(errorLine(settings: settings) == "nothing thrown")
    settings["ratio"] = .integer(6)
    #expect(
      errorLine(settings: settings)
        == "partition.dominant_share: found both 0.6 and ratio 6.0, expected one of the two; remove the "
        + "other (an empty --set partition.ratio= removes a ratio in the specification)")
    for (share, text) in [(0.0, "0.0"), (1, "1.0"), (-0.5, "-0.5"), (.nan, "nan")] {
      #expect(
        line(Self.dominant, "dominant_share", .number(share))
          == "partition.dominant_share: found \(text), expected a number between 0 and 1")
    }
    #expect(
      line(Self.dominant, "dominant_share", .number(0.1))
        == "partition.dominant_share: found 0.1, expected at least 0.2, which 2 of 10 classes have "
        + "if none dominates")
    var all = Self.dominant
    all["dominant_share"] = .number(0.9)
    all["dominant_classes"] = .integer(10)
    #expect(
      errorLine(settings: all)
        == "partition.dominant_classes: found 10, expected fewer than the 10 classes of the dataset: "
        + "dominant_share leaves samples for others")
    let empty = line(Self.dominant, "dominant_share", .number(0.9))
    #expect(
      empty.hasPrefix(
        "partition.samples_per_client: 40 samples over 10 classes with partition.dominant_share 0.9 "
          + "leave client 0 none of class "))
    #expect(empty.hasSuffix("; raise it or lower the dominant_share"))
  }

  @Test("by the share, the largest number of samples that fits is offered")
  func dominantShareTooMany() throws {
    var settings = Self.dominant
    settings["dominant_share"] = .number(0.7)
    func line(_ samples: Int) -> String {
      settings["samples_per_client"] = .integer(samples)
      return errorLine(settings: settings)
    }
    let error = line(130)
    let offered = try #require(error.split(separator: " ").last.flatMap { Int($0) })
    #expect(line(offered) == "nothing thrown")
    #expect(line(offered + 1).contains(" samples, but there are 100"))
  }

  @Test("dirichlet gives up after its draws and says how near it came")
  func dirichletGivesUp() throws {
    var settings = Self.dirichlet
    settings["concentration"] = .number(0.01)
    settings["minimum_samples_per_client"] = .integer(50)
    let error = errorLine(settings: settings)
    let best = try #require(
      error.split(separator: "the best left a client with ").last.flatMap {
        Int($0.prefix { $0.isNumber })
      })
    #expect(best < 50)
    #expect(
      error
        == "partition.minimum_samples_per_client: none of 100 draws gave every client 50 samples; "
        + "the best left a client with \(best); lower it, raise partition.concentration (0.01) or "
        + "use fewer clients")
  }

  @Test("labels that are out of range or all unselected")
  func labels() throws {
    let scheme = try IndependentAndIdentical(clients: 1, samplesPerClient: 2)
    #expect(
      errorLine { _ = try makePartition(scheme, labels: [0, 1, 7, 0], classCount: 3) }
        == "labels: sample 2 has the label 7, expected 0 to 2, or -1 for a sample that is not "
        + "selected")
    #expect(
      errorLine { _ = try makePartition(scheme, labels: [0, -2], classCount: 3) }
        == "labels: sample 1 has the label -2, expected 0 to 2, or -1 for a sample that is not "
        + "selected")
    #expect(
      errorLine { _ = try makePartition(scheme, labels: [-1, -1], classCount: 3) }
        == "labels: no sample is selected; check the selected classes and files")
    #expect(
      errorLine { _ = try makePartition(scheme, labels: [0], classCount: 0) }
        == "classes: found 0, expected at least 1")
  }
}
