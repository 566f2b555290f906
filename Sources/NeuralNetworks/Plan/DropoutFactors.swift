import RandomStreams

/// The factors of a dropout block, which a network draws before each training step.
struct DropoutFactors: Sendable {
  /// The buffer of the factors, in the format of the values: axes (sample, channel block, y, x, channel in block) of 16
  /// channels, or (sample, feature).
  let factors: Int
  /// Channels of an image, or features of a sample.
  let channels: Int
  /// Places of a channel; nil for features.
  let area: Int?
  /// From one sample to the next.
  let stride: Int
  let rate: Float

  /// Draws all factors: 0 where a uniform number is below the rate, otherwise 1 / (1 − rate); sample by sample, channel by
  /// channel (or feature by feature), row by row. What fills up the format stays as it is.
  func draw(from stream: inout RandomStream, into values: UnsafeMutableBufferPointer<Float>) {
    let kept = 1 / (1 - rate)
    let (blockSize, places) = (area == nil ? 1 : 16, area ?? 1)
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: channels * places) { words in
      for start in Swift.stride(from: 0, to: values.count, by: stride) {
        stream.fill(words)
        for channel in 0..<channels {
          var place = start + channel / blockSize * blockSize * places + channel % blockSize
          for word in words[channel * places..<(channel + 1) * places] {
            values[place] = RandomStream.uniform(word) < rate ? 0 : kept
            place += blockSize
          }
        }
      }
    }
  }
}
