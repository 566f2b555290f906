import Support

/// The datasets that the harness knows. To add one, describe it in a file beside this one and name
/// it here; a program that imports this package adds its own with `add`.
public enum DatasetCatalogue {
  /// One line per dataset.
  private static let registry = Registry<DatasetDescription>(
    "dataset",
    [
      .mnist,
      .fashionMNIST,
      .emnistByClass,
      .emnistByMerge,
      .emnistBalanced,
      .emnistLetters,
      .emnistDigits,
      .emnistMNIST,
      .cifar10,
      .cifar100,
    ]
  ) { $0.name }

  /// All entries, in the order of `pfedla datasets list`.
  public static var all: [DatasetDescription] { registry.all }

  /// Adds an entry. Throws `RegistryError` if its name is taken, or is not made of lowercase letters,
  /// digits and hyphens.
  public static func add(_ entry: DatasetDescription) throws { try registry.add(entry) }

  /// The entry of that name.
  ///
  /// Throws `DatasetError` (unknownName) that lists the known names and the nearest one.
  public static func entry(named name: String) throws -> DatasetDescription {
    if let entry = registry[name] { return entry }
    let names = registry.names
    let meant = otherNames[name.lowercased().filter { $0.isLetter || $0.isNumber }]
    let suggestion =
      meant.map { " (did you mean \"\($0)\"?)" }
      ?? bracketedSuggestion(for: name, among: names, quoted: true)
    throw DatasetError(
      .unknownName,
      "unknown dataset \"\(name)\"\(suggestion); "
        + "known datasets: \(names.joined(separator: ", "))")
  }

  /// Names that others use, letters and digits only, and the entry that is meant.
  private static let otherNames = [
    "fmnist": "fashion-mnist", "fashionmnist": "fashion-mnist", "fashion": "fashion-mnist",
    "femnist": "emnist-byclass", "emnist": "emnist-byclass", "byclass": "emnist-byclass",
    "cifar": "cifar10", "cifar10": "cifar10", "cifar100": "cifar100",
  ]

  /// What a dataset decides of an experiment, by its name or that of its family; without such an entry
  /// those of a dataset that the paper does not have.
  public static func defaults(of label: String) -> ExperimentDefaults {
    entry(labelled: label)?.defaults ?? ExperimentDefaults()
  }

  /// The title of a dataset for readers, by its name or that of its family; nil if neither is known.
  public static func title(of label: String) -> String? {
    guard let entry = entry(labelled: label) else { return nil }
    return entry.name == label ? entry.title : entry.family?.title
  }

  /// The entry of that name, else the first one of the family of that name.
  private static func entry(labelled label: String) -> DatasetDescription? {
    all.first { $0.name == label } ?? all.first { $0.family?.name == label }
  }
}
