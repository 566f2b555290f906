import Datasets
import Foundation

/// The first images of each class of a dataset, a row for each class, as PNG or SVG with the classes' names.
///
/// Images of one channel are gray, of three red, green and blue; of others the first channel is shown. Small images are
/// enlarged by a whole factor, and a pixel of white is between images.
public struct SampleGrid {
  /// A file format of pictures.
  public enum Format: String, Sendable {
    case svg, png

    /// The format that a file's name asks for; nil for another ending.
    public init?(path: String) {
      self.init(rawValue: path.split(separator: ".").last.map { $0.lowercased() } ?? "")
    }
  }

  /// Pixels of the picture along each axis, at most; classes and images beyond them are left out.
  public static let mostPixels = 8192

  private let dataset: ImageDataset
  private let columns: Int
  private let scale: Int
  /// The samples that are shown, [class][image].
  private let samples: [[Int]]

  /// - Parameters:
  ///   - dataset: whose images.
  ///   - perClass: images of a class, positive.
  public init(_ dataset: ImageDataset, perClass: Int) {
    self.dataset = dataset
    // At least 28 pixels high.
    scale = max(1, 28 / dataset.height)
    columns = min(perClass, max(1, Self.mostPixels / (dataset.width * scale + 1)))
    let rows = max(1, Self.mostPixels / (dataset.height * scale + 1))
    var samples = [[Int]](repeating: [], count: min(dataset.classNames.count, rows))
    for (index, label) in dataset.labels.enumerated() {
      let place = Int(label)
      guard samples.indices.contains(place), samples[place].count < columns else { continue }
      samples[place].append(index)
    }
    self.samples = samples
  }

  private var cellWidth: Int { dataset.width * scale + 1 }
  private var cellHeight: Int { dataset.height * scale + 1 }
  private var width: Int { columns * cellWidth }
  private var height: Int { samples.count * cellHeight }

  /// The bytes of the file.
  public func data(_ format: Format) -> Data {
    switch format {
    case .png: png.bytes
    case .svg: Data(svg.utf8)
    }
  }

  /// The images alone.
  private var png: PNG {
    let channels = dataset.channels == 3 ? 3 : 1
    var picture = [UInt8](repeating: 255, count: width * height * channels)
    let plane = dataset.height * dataset.width
    for (row, samples) in samples.enumerated() {
      for (column, sample) in samples.enumerated() {
        let start = sample * dataset.imageByteCount
        for y in 0..<dataset.height * scale {
          for x in 0..<dataset.width * scale {
            let pixel = start + y / scale * dataset.width + x / scale
            let place =
              ((row * cellHeight + y) * width + column * cellWidth + x) * channels
            for channel in 0..<channels {
              picture[place + channel] = dataset.pixels[pixel + channel * plane]
            }
          }
        }
      }
    }
    return PNG(width: width, height: height, isColour: channels == 3, pixels: picture)
  }

  /// The images with the names of their classes.
  private var svg: String {
    let title = "\(dataset.markedTitle): the first images of each class"
    let shown =
      samples.count < dataset.classNames.count
      ? "; the first \(samples.count) of \(dataset.classNames.count) classes" : ""
    var picture = VectorPicture(
      title: title,
      summary:
        "\(dataset.count) samples, \(dataset.channels) x \(dataset.height) x \(dataset.width)")
    let (left, top) = (150.0, 70.0)
    picture.text(title, x: 20, y: 30, size: 17, bold: true)
    picture.text(
      "\(dataset.count) samples, SHA-256 \(dataset.sha256.prefix(12))…\(shown)", x: 20, y: 52,
      colour: .softInk)
    for row in samples.indices {
      picture.text(
        String(dataset.classNames[row].prefix(20)), x: left - 10,
        y: top + (Double(row) + 0.5) * Double(cellHeight) + 4, size: 11, anchor: .end)
    }
    picture.image(png, x: left, y: top, width: Double(width), height: Double(height))
    return picture.document(
      width: max(left + Double(width) + 20, 560), height: top + Double(height) + 20)
  }
}
