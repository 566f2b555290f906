import ArgumentParser
import Datasets
import Experiments
import Foundation
import Reports
import Support

/// `pfedla datasets describe`.
struct DatasetsDescribe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "Show how many samples of each class a dataset has, and some of them.",
    usage:
      "pfedla datasets describe <name-or-specification> [--set <key=value> ...] [<options>]",
    discussion: """
      The dataset is one of `pfedla datasets list`, or that of a specification, of which only the section \
      `dataset` is read: published files or files of your own.

      Examples:
        pfedla datasets describe fashion-mnist --image runs/fashion-mnist.svg
        pfedla datasets describe my-data.yaml
        pfedla datasets describe my-data.yaml --set 'dataset.splits=[test]'
      """)

  @Argument(
    help: ArgumentHelp(
      "The name of a dataset, or a specification.", valueName: "name-or-specification"))
  var subject: String?

  @Option(
    help: ArgumentHelp(
      "Draw the first images of each class in this SVG or PNG file.", valueName: "file.svg|png"))
  var image: String?

  @Option(help: ArgumentHelp("Images of each class in the picture.", valueName: "n"))
  var perClass = 8

  @OptionGroup var location: DatasetsFolderOption

  @OptionGroup var changes: OverridesOption

  mutating func validate() throws {
    subject = try changes.separating(subject, "name-or-specification")
    guard (1...100).contains(perClass) else {
      throw ValidationError("--per-class: found \(perClass), expected 1 to 100")
    }
    if let image, SampleGrid.Format(path: image) == nil {
      throw ValidationError("--image: found \(image), expected a name that ends in .svg or .png")
    }
  }

  func run() throws {
    let subject = subject ?? ""
    let isName = DatasetCatalogue.all.contains { $0.name == subject }
    let document =
      isName || !FileManager.default.fileExists(atPath: subject)
      ? SpecificationDocument(
        file: "", text: "dataset: {name: \(try DatasetCatalogue.entry(named: subject).name)}",
        overrides: changes.overrides)
      : try SpecificationDocument(file: subject, overrides: changes.overrides)
    if let image { try OutputCheck.require(image, overwrite: true, inputs: [subject]) }
    let dataset = try RunPreparation.importDataset(
      RunSpecification.dataset(of: document), from: location.folder)
    print(DatasetTable(dataset))
    if let image, let format = SampleGrid.Format(path: image) {
      try TextFile.write(SampleGrid(dataset, perClass: perClass).data(format), to: image)
      print(image)
    }
  }
}
