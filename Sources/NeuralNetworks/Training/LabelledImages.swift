import CKernels

/// Images and class labels as stored in memory for training: bytes, normalised only when a batch
/// is gathered.
public struct LabelledImages: Sendable {
  /// Axes (sample, channel, y, x), row-major, each value 0 … 255.
  public let pixels: [UInt8]
  /// The class of each sample; −1 marks a sample that no client may use.
  public let labels: [Int32]
  /// Values of one image.
  public let imageSize: Int
  /// How a byte becomes a number.
  public let scaling: PixelScaling

  /// Throws `LabelledImagesError` unless there are `imageSize` bytes for each label.
  public init(pixels: [UInt8], labels: [Int32], imageSize: Int, scaling: PixelScaling) throws {
    guard imageSize > 0, pixels.count == labels.count * imageSize else {
      throw LabelledImagesError(
        description: "images: \(pixels.count) bytes of pixels for \(labels.count) labels, expected "
          + "\(labels.count) × \(imageSize)")
    }
    self.pixels = pixels
    self.labels = labels
    self.imageSize = imageSize
    self.scaling = scaling
  }
}

/// Images and labels that do not belong together.
public struct LabelledImagesError: Error, CustomStringConvertible, Equatable, Sendable {
  /// One line for the user.
  public let description: String
}

/// How a pixel's byte becomes the network's input. The constants do not depend on the data, so
/// nothing about test images can leak into training through them. The paper leaves this open.
public enum PixelScaling: String, Sendable, CaseIterable {
  /// byte / 255 · 2 − 1, in [−1, 1].
  case symmetric
  /// byte / 255, in [0, 1].
  case unit

  /// Input = byte · factor + offset.
  var factor: Float { self == .symmetric ? 2 / 255 : 1 / 255 }
  var offset: Float { self == .symmetric ? -1 : 0 }
}

extension LabelledImages {
  /// Writes the normalised images of `samples` one after another, axes (sample, channel, y, x).
  /// The caller has checked that the samples exist and that the target is large enough.
  func gather(_ samples: ArraySlice<Int32>, into target: UnsafeMutablePointer<Float>) {
    let (factor, offset) = (scaling.factor, scaling.offset)
    pixels.withUnsafeBufferPointer { pixels in
      guard let pixels = pixels.baseAddress else { return }
      for (slot, sample) in samples.enumerated() {
        let source = pixels + Int(sample) * imageSize
        let target = target + slot * imageSize
        for index in 0..<imageSize { target[index] = Float(source[index]) * factor + offset }
      }
    }
  }

  /// Writes the same values in blocks of 16 samples, axes (sample block, channel, y, x, sample in
  /// block), 0 for what fills up the last block.
  func gatherBlocks(_ samples: ArraySlice<Int32>, into target: UnsafeMutablePointer<Float>) {
    pixels.withUnsafeBufferPointer { pixels in
      samples.withUnsafeBufferPointer { samples in
        guard let pixels = pixels.baseAddress, let first = samples.baseAddress else { return }
        gather_sample_blocks(
          pixels, Int64(imageSize), first, Int64(samples.count), scaling.factor, scaling.offset,
          target)
      }
    }
  }
}
