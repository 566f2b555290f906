import Support

/// The datasets that the harness knows. To add one, describe it in a file beside this one and name
/// it here; a program that imports this package adds its own with `add`.
public enum DatasetCatalogue {
  /// One line a dataset.
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

  /// Adds an entry. Throws `RegistryError` if its name is taken or no name.
  public static func add(_ entry: DatasetDescription) throws { try registry.add(entry) }

  /// The entry of that name.
  ///
  /// Throws `DatasetError` (unknownName) that lists the known names and the nearest one.
  public static func entry(named name: String) throws -> DatasetDescription {
    if let entry = registry[name] { return entry }
    let names = registry.names
    throw DatasetError(
      .unknownName,
      "dataset \"\(name)\" is unknown\(suggestion(for: name, among: names)); "
        + "known datasets: \(names.joined(separator: ", "))")
  }
}
