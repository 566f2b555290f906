/// The datasets that the harness knows. To add one, describe it in a file beside this one and name
/// it here.
public enum DatasetCatalogue {
  /// All entries, in the order of `pfedla datasets list`.
  public static let all: [DatasetDescription] = [
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

  /// The entry of that name.
  ///
  /// Throws `DatasetError` (unknownName) that lists the known names and the nearest one.
  public static func entry(named name: String) throws -> DatasetDescription {
    if let entry = all.first(where: { $0.name == name }) { return entry }
    let names = all.map(\.name)
    throw DatasetError(
      .unknownName,
      "dataset \"\(name)\" is unknown\(suggestion(for: name, among: names)); "
        + "known datasets: \(names.joined(separator: ", "))")
  }
}
