import CFusedKernels
import TestSupport
import Testing

/// A convolution by products of spectra and its gradients against the formula, written plainly in double
/// precision.
@Suite("Convolution by spectra")
struct SpectralConvolutionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let samples: Int
    let inChannels: Int
    let outChannels: Int
    let height: Int
    let width: Int
    var testDescription: String {
      "\(samples) samples, \(inChannels) → \(outChannels) channels, result \(height)×\(width)"
    }
    var hasFewChannels: Bool { inChannels < 16 }
    /// With samples in lanes, those that fill the last block count.
    var sourceCount: Int {
      (hasFewChannels ? (samples + 15) / 16 * 16 : samples) * inChannels * (height + 4)
        * (width + 4)
    }
    var resultCount: Int { samples * outChannels * height * width }
    func shape(of samples: Int, _ vectorWidth: Int32) -> spectral_shape {
      spectral_shape(
        samples: Int32(samples), in_channels: Int32(inChannels),
        out_channels: Int32(outChannels), out_height: Int32(height), out_width: Int32(width),
        vector_width: vectorWidth)
    }
    func source(_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
      hasFewChannels
        ? (((n / 16 * inChannels + c) * (height + 4) + y) * (width + 4) + x) * 16 + n % 16
        : (((n * (inChannels / 16) + c / 16) * (height + 4) + y) * (width + 4) + x) * 16 + c % 16
    }
    func result(_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
      (((n * (outChannels / 16) + c / 16) * height + y) * width + x) * 16 + c % 16
    }
    func weight(_ out: Int, _ c: Int, _ place: Int) -> Int {
      hasFewChannels
        ? ((out / 16 * inChannels + c) * 25 + place) * 16 + out % 16
        : (((out / 16 * (inChannels / 16) + c / 16) * 25 + place) * 16 + c % 16) * 16 + out % 16
    }
    /// Every product of the convolution: positions of source, weight and result.
    func forEachProduct(_ body: (_ source: Int, _ weight: Int, _ result: Int) -> Void) {
      for n in 0..<samples {
        for out in 0..<outChannels {
          for y in 0..<height {
            for x in 0..<width {
              let target = result(n, out, y, x)
              for c in 0..<inChannels {
                for place in 0..<25 {
                  body(source(n, c, y + place / 5, x + place % 5), weight(out, c, place), target)
                }
              }
            }
          }
        }
      }
    }
  }

  static let cases = [
    // One tile of 14×14 and of 12×12.
    Case(samples: 5, inChannels: 16, outChannels: 32, height: 10, width: 10),
    Case(samples: 3, inChannels: 32, outChannels: 16, height: 8, width: 8),
    // Samples in lanes, in more than one block of them; tiles cut off at the edges.
    Case(samples: 18, inChannels: 3, outChannels: 16, height: 12, width: 11),
    Case(samples: 2, inChannels: 1, outChannels: 32, height: 24, width: 5),
    // Overlapping tiles, and a batch of more than one group.
    Case(samples: 17, inChannels: 16, outChannels: 16, height: 9, width: 11),
    Case(samples: 1, inChannels: 16, outChannels: 16, height: 1, width: 1),
  ]

  @Test("forward and backward, whole and in parts", arguments: cases, [false, true])
  func passes(test: Case, inParts: Bool) {
    var source = [Float](repeating: 0, count: test.sourceCount)
    let values = HashFill.signed(salt: 1, count: test.sourceCount, bound: 1)
    let weight = HashFill.signed(
      salt: 2, count: test.inChannels * test.outChannels * 25, bound: 1)
    let bias = HashFill.signed(salt: 3, count: test.outChannels, bound: 1)
    let upstream = HashFill.signed(salt: 4, count: test.resultCount, bound: 1)

    var result = [Double](repeating: 0, count: test.resultCount)
    var bySource = [Double](repeating: 0, count: source.count)
    var byWeight = [Double](repeating: 0, count: weight.count)
    test.forEachProduct { s, w, r in
      source[s] = values[s]
      result[r] += Double(values[s]) * Double(weight[w])
      bySource[s] += Double(upstream[r]) * Double(weight[w])
      byWeight[w] += Double(upstream[r]) * Double(values[s])
    }
    var byBias = [Double](repeating: 0, count: test.outChannels)
    for n in 0..<test.samples {
      for c in 0..<test.outChannels {
        for y in 0..<test.height {
          for x in 0..<test.width {
            result[test.result(n, c, y, x)] += Double(bias[c])
            byBias[c] += Double(upstream[test.result(n, c, y, x)])
          }
        }
      }
    }

    for width in vectorWidths {
      let found = run(
        test, width, source, weight, bias, upstream, relu: false, inParts: inParts)
      // Sums of n products of numbers up to 1, in single precision.
      expectClose(found.result, result.map(Float.init), absolute: 2e-5, "result")
      expectClose(found.byWeight, byWeight.map(Float.init), absolute: 1e-4, "by the weight")
      expectClose(found.byBias, byBias.map(Float.init), absolute: 1e-4, "by the bias")
      if !test.hasFewChannels {
        expectClose(found.bySource, bySource.map(Float.init), absolute: 2e-5, "by the source")
      }
      let activated = run(
        test, width, source, weight, bias, upstream, relu: true, inParts: inParts
      ).result
      #expect(activated == found.result.map { $0 < 0 ? 0 : $0 })
    }
  }

  @Test("every width of vectors gives the same bits", arguments: cases)
  func widths(test: Case) {
    var source = HashFill.signed(salt: 1, count: test.sourceCount, bound: 1)
    if test.hasFewChannels, !test.samples.isMultiple(of: 16) {
      // What fills up the last block of samples.
      let start = test.source(test.samples / 16 * 16, 0, 0, 0)
      for index in start..<source.count where index % 16 >= test.samples % 16 { source[index] = 0 }
    }
    let weight = HashFill.signed(
      salt: 2, count: test.inChannels * test.outChannels * 25, bound: 1)
    let bias = HashFill.signed(salt: 3, count: test.outChannels, bound: 1)
    let upstream = HashFill.signed(salt: 4, count: test.resultCount, bound: 1)
    let found = vectorWidths.map { width in
      let found = run(test, width, source, weight, bias, upstream, relu: true, inParts: false)
      return [
        found.result, found.byWeight, found.byBias, test.hasFewChannels ? [] : found.bySource,
      ]
    }
    #expect(found.allSatisfy { $0 == found[0] })
  }

  @Test("a processor's vectors are used")
  func support() {
    if processorFlags.contains("avx512f") {
      #expect(widest_vectors() == 512)
    } else if processorFlags.isSuperset(of: ["avx2", "fma"]) {
      #expect(widest_vectors() == 256)
    }
  }

  @Test("what a sample gives does not depend on the samples beside it")
  func independence() {
    guard let width = vectorWidths.first else { return }
    let few = Case(samples: 2, inChannels: 16, outChannels: 16, height: 10, width: 10)
    let many = Case(samples: 21, inChannels: 16, outChannels: 16, height: 10, width: 10)
    let source = HashFill.signed(salt: 1, count: many.sourceCount, bound: 1)
    let weight = HashFill.signed(salt: 2, count: 16 * 16 * 25, bound: 1)
    let bias = HashFill.signed(salt: 3, count: 16, bound: 1)
    let upstream = HashFill.signed(salt: 4, count: many.resultCount, bound: 1)
    let alone = run(
      few, width, Array(source[..<few.sourceCount]), weight, bias,
      Array(upstream[..<few.resultCount]),
      relu: false, inParts: false)
    let together = run(many, width, source, weight, bias, upstream, relu: false, inParts: false)
    #expect(alone.result[...] == together.result[..<few.resultCount])
    #expect(alone.bySource[...] == together.bySource[..<few.sourceCount])
  }

  private func run(
    _ test: Case, _ width: Int32, _ source: [Float], _ weight: [Float], _ bias: [Float],
    _ upstream: [Float], relu: Bool, inParts: Bool
  ) -> (result: [Float], bySource: [Float], byWeight: [Float], byBias: [Float]) {
    var whole = test.shape(of: test.samples, width)
    func room(_ count: Int) -> [Float] { [Float](repeating: .nan, count: count) }
    var weightSpectra = room(spectral_weight_count(&whole))
    var transposedSpectra = weightSpectra
    var gradientSpectra = weightSpectra
    var sourceSpectra = room(spectral_source_count(&whole))
    var scratch = room(spectral_scratch_count(&whole))
    var result = room(test.resultCount)
    var bySource = room(test.sourceCount)
    var byWeight = room(weight.count)
    var byBias = room(test.outChannels)
    spectral_transform_weights(&whole, weight, &weightSpectra)
    if !test.hasFewChannels {
      spectral_transform_transposed_weights(&whole, weight, &transposedSpectra)
    }
    let step = inParts ? Int(SPECTRAL_GROUP) : max(test.samples, 1)
    for start in stride(from: 0, to: test.samples, by: step) {
      var part = test.shape(of: min(step, test.samples - start), width)
      var before = test.shape(of: start, width)
      let sourceStart = start * test.sourceCount / ((test.samples + 15) / 16 * 16)
      let first = test.hasFewChannels ? sourceStart : start * test.sourceCount / test.samples
      let spectraStart = spectral_source_count(&before)
      let resultStart = start * test.resultCount / test.samples
      source.withUnsafeBufferPointer { source in
        upstream.withUnsafeBufferPointer { upstream in
          sourceSpectra.withUnsafeMutableBufferPointer { spectra in
            result.withUnsafeMutableBufferPointer { result in
              bySource.withUnsafeMutableBufferPointer { bySource in
                guard let source = source.baseAddress, let upstream = upstream.baseAddress,
                  let spectra = spectra.baseAddress, let result = result.baseAddress,
                  let bySource = bySource.baseAddress
                else { return }
                spectral_forward(
                  &part, source + first, weightSpectra, bias, relu ? 1 : 0, spectra + spectraStart,
                  &scratch, result + resultStart)
                spectral_backward(
                  &part, upstream + resultStart, spectra + spectraStart, transposedSpectra,
                  start == 0 ? 1 : 0, &gradientSpectra, &byBias, &scratch,
                  test.hasFewChannels ? nil : bySource + first)
              }
            }
          }
        }
      }
    }
    spectral_weight_gradient(&whole, gradientSpectra, &byWeight)
    return (result, bySource, byWeight, byBias)
  }
}
