import Datasets
import Foundation
import Support

/// The synthetic images of a sweep, in `<output>/synthetic-data`: made once, by one process at a time.
public enum SyntheticData {
  /// Makes the datasets that do not exist yet. Throws `DatasetError` or `FileError` if the
  /// folder cannot be written to.
  /// - Parameters:
  ///   - output: the output folder.
  ///   - names: of datasets in the catalogue.
  ///   - samplesPerClass: as `Synthesizer` takes it.
  ///   - willDraw: called with the title of each dataset before it is drawn.
  /// - Returns: the folder.
  public static func draw(
    _ names: Set<String>, samplesPerClass: Int, output: String, willDraw: (String) -> Void
  ) throws -> String {
    let folder = "\(output)/synthetic-data"
    try makeFolder(folder)
    for name in names.sorted() {
      let entry = try DatasetCatalogue.entry(named: name)
      let marker = "\(folder)/\(name)-\(samplesPerClass).done"
      func isDrawn() -> Bool { FileManager.default.fileExists(atPath: marker) }
      let lockFile = "\(folder)/\(name).lock"
      // A killed process may have left the lock's file; taking the lock removes it.
      if isDrawn(), !FileManager.default.fileExists(atPath: lockFile) { continue }
      let lock = try CellLock.waiting(lockFile)
      defer { withExtendedLifetime(lock) {} }
      // Another process may have made them while this one waited.
      guard !isDrawn() else { continue }
      willDraw(entry.title)
      // A different number of images replaces the existing ones: their marker is removed first.
      for other in try FileManager.default.contentsOfDirectory(atPath: folder)
      where other.hasPrefix("\(name)-") && other.hasSuffix(".done")
        && Int(other.dropFirst(name.count + 1).dropLast(".done".count)) != nil
      {
        unlink("\(folder)/\(other)")
      }
      try Synthesizer.synthesize(
        name, into: folder, samplesPerClass: samplesPerClass, overwrite: true)
      try TextFile.write(Data(), to: marker)
    }
    return folder
  }
}
