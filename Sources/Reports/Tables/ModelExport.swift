import Experiments
import Foundation
import HDF5
import NumPyFiles
import Support

/// The clients' models of a result as PyTorch's state dictionaries: an .npz file for each client, with arrays such as
/// `conv1.weight` in PyTorch's shapes.
///
///     state = {name: torch.from_numpy(value) for name, value in numpy.load("client-0000.npz").items()}
///     model.load_state_dict(state)
public struct ModelExport {
  private let result: RunResult

  /// Exports the models of that result.
  public init(_ result: RunResult) { self.result = result }

  private static let tensors = ["weight", "bias", "running_mean", "running_var"]

  /// Writes `client-0000.npz`, … into the folder, which is made if it is missing. Throws `SpecificationError` if the
  /// result has no models, or the reason why a file cannot be read or written.
  /// - Returns: the names of the files written.
  public func write(to folder: String) throws -> [String] {
    let file = try HDF5File.openForReading(result.path)
    guard try file.exists("model") else {
      throw SpecificationError(
        "\(result.path): has no models, expected those of the clients; run it with saved_models: trained "
          + "or received")
    }
    let datasets = try result.layers.flatMap { layer in
      try Self.tensors.filter { try file.exists("model/\(layer)/\($0)") }.map {
        ("\(layer).\($0)", try file.dataset("model/\(layer)/\($0)"))
      }
    }
    let count = result.record.clientCount
    for (name, dataset) in datasets where dataset.shape.first != count {
      throw SpecificationError(
        "\(result.path): model/\(name.replacing(".", with: "/")) has \(dataset.shape.first ?? 0) clients, "
          + "expected \(count)")
    }
    try makeFolder(folder)
    return try (0..<count).map { client in
      var archive = NumPyWriter()
      for (name, dataset) in datasets {
        archive.add(
          name, shape: Array(dataset.shape.dropFirst()),
          try dataset.readRows(client..<client + 1, as: Float.self))
        // PyTorch's batch normalisation counts batches, which with a fixed momentum decides nothing.
        if name.hasSuffix(".running_var") {
          archive.add(name.replacing(".running_var", with: ".num_batches_tracked"), 0)
        }
      }
      let digits = "\(client)"
      let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
      try TextFile.write(archive.bytes, to: "\(folder)/client-\(padded).npz")
      return "client-\(padded).npz"
    }
  }
}
