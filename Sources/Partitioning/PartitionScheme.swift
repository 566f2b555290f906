import RandomStreams
import Support

/// A rule that says which client holds which samples of a labelled dataset.
///
/// A scheme is a checked value: whatever can be wrong without looking at the data is refused by its
/// initialisers. To add one, write one file with a conforming type and add the type to
/// ``PartitionSchemes``.
public protocol PartitionScheme: Sendable {
  /// The scheme's name in specifications and result files.
  static var name: String { get }

  /// Takes the scheme's keys out of a specification's `partition` section; throws at a key that is
  /// missing, of the wrong type or impossible.
  init(reading settings: inout PartitionSettingReader) throws(PartitionError)

  /// Every setting with its value, defaults included, in a fixed order.
  var settings: [PartitionSetting] { get }

  /// Gives every client its samples: [client][sample], each a dataset index from `pool`, none twice.
  ///
  /// A pure function of the scheme, the pool and the stream. Throws if the pool holds too few
  /// samples.
  func allocate(
    _ pool: SamplePool, using stream: inout RandomStream
  ) throws(PartitionError) -> [[Int32]]
}

/// The schemes that specifications can name. A program that imports this package adds its own with `add`.
public enum PartitionSchemes {
  /// One line a scheme, in the order of the documentation.
  private static let registry = Registry<any PartitionScheme.Type>(
    "partition scheme",
    [
      ClassesPerClient.self,
      DominantClasses.self,
      DirichletLabels.self,
      CappedDirichlet.self,
      ExtendedDirichlet.self,
      QuantitySkew.self,
      IndependentAndIdentical.self,
      NaturalClients.self,
    ]
  ) { $0.name }

  /// Every scheme, this package's first.
  public static var all: [any PartitionScheme.Type] { registry.all }

  /// The names of all schemes.
  public static var names: [String] { registry.names }

  /// The scheme of that name; throws if there is none.
  public static func named(_ name: String) throws(PartitionError) -> any PartitionScheme.Type {
    guard let scheme = registry[name] else {
      throw PartitionError(
        key: "scheme", "found \"\(name)\", expected one of \(names.joined(separator: ", "))")
    }
    return scheme
  }

  /// Adds a scheme. Throws `RegistryError` if its name is taken, or is not made of lowercase letters,
  /// digits and hyphens.
  public static func add(_ scheme: any PartitionScheme.Type) throws { try registry.add(scheme) }
}

/// Checks that several schemes share.
enum SchemeCheck {
  static func clients(_ clients: Int) throws(PartitionError) {
    guard clients >= 1 else {
      throw PartitionError(key: "clients", "found \(clients), expected at least 1")
    }
  }

  static func samplesPerClient(_ samples: Int) throws(PartitionError) {
    guard samples >= 2 else {
      throw PartitionError(
        key: "samples_per_client",
        "found \(samples), expected at least 2 (one for training and one for testing)")
    }
  }

  static func classesPerClient(_ classes: Int) throws(PartitionError) {
    guard classes >= 1 else {
      throw PartitionError(key: "classes_per_client", "found \(classes), expected at least 1")
    }
  }

  static func classesPerClient(_ classes: Int, among classCount: Int) throws(PartitionError) {
    guard classes <= classCount else {
      throw PartitionError(
        key: "classes_per_client",
        "found \(classes), expected at most the \(classCount) classes of the dataset")
    }
  }

  /// Throws if `clients` × `samplesPerClient` is more than the pool holds.
  static func total(
    clients: Int, samplesPerClient: Int, pool: SamplePool
  ) throws(PartitionError) {
    let (needed, overflow) = clients.multipliedReportingOverflow(by: samplesPerClient)
    guard overflow || needed > pool.count else { return }
    throw PartitionError(
      key: "samples_per_client",
      "\(clients) \(clients == 1 ? "client" : "clients") with \(samplesPerClient) samples each need "
        + "more than the \(pool.count) available samples; " + advice(largest: pool.count / clients))
  }

  /// Throws at numbers that are absurd for the pool, before doing work in proportion to them.
  static func magnitude(
    clients: Int, samplesPerClient: Int, pool: SamplePool
  ) throws(PartitionError) {
    if clients > pool.count / 2 || samplesPerClient > pool.count {
      try total(clients: clients, samplesPerClient: samplesPerClient, pool: pool)
    }
  }

  /// Throws if a class is needed more often than the pool holds it. `needed` gives the samples
  /// of every class, [class], for a number of samples per client.
  static func classes(
    samplesPerClient: Int, pool: SamplePool, atLeast smallest: Int,
    needed: (_ samplesPerClient: Int) -> [Int]
  ) throws(PartitionError) {
    func shortClass(_ needed: [Int]) -> Int? {
      needed.indices.first { needed[$0] > pool.counts[$0] }
    }
    let counts = needed(samplesPerClient)
    guard let short = shortClass(counts) else { return }
    // Bisection between a value that fits (or nothing) and one that does not.
    var fits = smallest - 1
    var fails = samplesPerClient
    while fails - fits > 1 {
      let middle = (fits + fails) / 2
      if shortClass(needed(middle)) == nil { fits = middle } else { fails = middle }
    }
    throw PartitionError(
      key: "samples_per_client",
      "class \(short) needs \(counts[short]) samples, but there are \(pool.counts[short]); "
        + advice(largest: fits < smallest ? 0 : fits))
  }

  private static func advice(largest: Int) -> String {
    largest >= 2
      ? "the largest value that fits is \(largest)"
      : "no value fits, so use fewer clients or pool more files"
  }
}
