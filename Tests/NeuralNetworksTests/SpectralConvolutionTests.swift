import CKernels
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
    var pooledCount: Int { samples * outChannels * (height / 2) * (width / 2) }
    func pooled(_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
      (((n * (outChannels / 16) + c / 16) * (height / 2) + y) * (width / 2) + x) * 16 + c % 16
    }
    func weight(_ out: Int, _ c: Int, _ place: Int) -> Int {
      hasFewChannels
        ? ((out / 16 * inChannels + c) * 25 + place) * 16 + out % 16
        : (((out / 16 * (inChannels / 16) + c / 16) * 25 + place) * 16 + c % 16) * 16 + out % 16
    }
    /// Every place of the result.
    func forEachResult(_ body: (_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Void) {
      for n in 0..<samples {
        for c in 0..<outChannels {
          for y in 0..<height { for x in 0..<width { body(n, c, y, x) } }
        }
      }
    }
    /// Every product of the convolution: positions of source, weight and result.
    func forEachProduct(_ body: (_ source: Int, _ weight: Int, _ result: Int) -> Void) {
      forEachResult { n, out, y, x in
        let target = result(n, out, y, x)
        for c in 0..<inChannels {
          for place in 0..<25 {
            body(source(n, c, y + place / 5, x + place % 5), weight(out, c, place), target)
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

  /// What a case is computed from.
  struct Inputs {
    let source: [Float]
    let weight: [Float]
    let bias: [Float]
    /// What is behind the convolution: the gradient by the pooled result, which places gave it, and what
    /// batch normalisation makes of a result of its own.
    let pooledGradient: [Float]
    let choice: [UInt8]
    let normalised: [Float]
    let coefficients: [Float]

    init(_ test: Case) {
      var source = [Float](repeating: 0, count: test.sourceCount)
      let values = HashFill.signed(salt: 1, count: test.sourceCount, bound: 1)
      // What fills up the last block of samples stays 0.
      test.forEachProduct { place, _, _ in source[place] = values[place] }
      self.source = source
      weight = HashFill.signed(
        salt: 2, count: test.inChannels * test.outChannels * 25, bound: 1)
      bias = HashFill.signed(salt: 3, count: test.outChannels, bound: 1)
      pooledGradient = HashFill.signed(salt: 4, count: test.pooledCount, bound: 1)
      choice = HashFill.signed(salt: 5, count: test.pooledCount, bound: 2.5).map {
        UInt8($0 + 2.5)  // 0 … 4, which is none
      }
      normalised = HashFill.signed(salt: 6, count: test.resultCount, bound: 1)
      coefficients = HashFill.signed(salt: 7, count: 3 * test.outChannels, bound: 1)
    }

    /// The gradient by the convolution's result.
    func upstream(_ test: Case, isNormalised: Bool) -> [Double] {
      var gradient = [Double](repeating: 0, count: test.resultCount)
      test.forEachResult { n, c, y, x in
        let place = test.result(n, c, y, x)
        let channels = test.outChannels
        if isNormalised {
          gradient[place] =
            Double(coefficients[channels + c]) * Double(normalised[place])
            + Double(coefficients[2 * channels + c])
        }
        guard y / 2 < test.height / 2, x / 2 < test.width / 2 else { return }
        let pooled = test.pooled(n, c, y / 2, x / 2)
        guard Int(choice[pooled]) == y % 2 * 2 + x % 2 else { return }
        let strength = isNormalised ? Double(coefficients[c]) : 1
        gradient[place] += strength * Double(pooledGradient[pooled])
      }
      return gradient
    }
  }

  struct Outputs: Equatable {
    var result: [Float]
    var bySource: [Float]
    var byWeight: [Float]
    var byBias: [Float]
    var base: [Float]
    var sums: [Double]
    var squares: [Double]
  }

  @Test("forward and backward, whole and in parts", arguments: cases, [false, true])
  func passes(test: Case, inParts: Bool) {
    let inputs = Inputs(test)
    var result = [Double](repeating: 0, count: test.resultCount)
    test.forEachProduct { s, w, r in
      result[r] += Double(inputs.source[s]) * Double(inputs.weight[w])
    }
    test.forEachResult { n, c, y, x in result[test.result(n, c, y, x)] += Double(inputs.bias[c]) }
    for isNormalised in [false, true] {
      let upstream = inputs.upstream(test, isNormalised: isNormalised)
      var bySource = [Double](repeating: 0, count: inputs.source.count)
      var byWeight = [Double](repeating: 0, count: inputs.weight.count)
      var byBias = [Double](repeating: 0, count: test.outChannels)
      test.forEachProduct { s, w, r in
        bySource[s] += upstream[r] * Double(inputs.weight[w])
        byWeight[w] += upstream[r] * Double(inputs.source[s])
      }
      test.forEachResult { n, c, y, x in byBias[c] += upstream[test.result(n, c, y, x)] }

      let found = vectorWidths.map {
        run(test, $0, inputs, isNormalised: isNormalised, inParts: inParts)
      }
      guard let first = found.first else { return }
      #expect(found.allSatisfy { $0 == first }, "every width of vectors gives the same bits")
      // Sums of n products of numbers up to 1 or 2, in single precision.
      expectClose(first.byWeight, byWeight.map(Float.init), absolute: 2e-4, "by the weight")
      expectClose(
        first.byBias, byBias.map(Float.init), absolute: 2e-4, relative: 1e-6, "by the bias")
      if !test.hasFewChannels {
        expectClose(first.bySource, bySource.map(Float.init), absolute: 4e-5, "by the source")
      }
      guard isNormalised else {
        #expect(first.result.allSatisfy { $0 >= 0 })
        expectClose(first.result, result.map { Float(max($0, 0)) }, absolute: 2e-5, "ReLU")
        continue
      }
      expectClose(first.result, result.map(Float.init), absolute: 2e-5, "result")
      var (sums, squares) = (
        [Double](repeating: 0, count: test.outChannels),
        [Double](repeating: 0, count: test.outChannels)
      )
      test.forEachResult { n, c, y, x in
        let difference = Double(first.result[test.result(n, c, y, x)] - first.base[c])
        sums[c] += difference
        squares[c] += difference * difference
      }
      #expect(first.base == (0..<test.outChannels).map { first.result[test.result(0, $0, 0, 0)] })
      expectClose(first.sums, sums, absolute: 1e-4, relative: 1e-5, "moments")
      expectClose(first.squares, squares, absolute: 1e-4, relative: 1e-5, "squares")
    }
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
    // The fills of the smaller case are the first values of the larger one's.
    let alone = run(few, width, Inputs(few), isNormalised: true, inParts: false)
    let together = run(many, width, Inputs(many), isNormalised: true, inParts: false)
    #expect(alone.result[...] == together.result[..<few.resultCount])
    #expect(alone.bySource[...] == together.bySource[..<few.sourceCount])
  }

  /// With batch normalisation no ReLU is applied, and moments are taken.
  private func run(
    _ test: Case, _ vectorWidth: Int32, _ inputs: Inputs, isNormalised: Bool, inParts: Bool
  ) -> Outputs {
    var whole = test.shape(of: test.samples, vectorWidth)
    func room(_ count: Int) -> [Float] { [Float](repeating: .nan, count: count) }
    var weightSpectra = room(spectral_weight_count(&whole))
    var transposedSpectra = weightSpectra
    var gradientSpectra = weightSpectra
    var sourceSpectra = room(spectral_source_count(&whole))
    var scratch = room(spectral_scratch_count(&whole))
    let doubles = [Double](repeating: .nan, count: test.outChannels)
    var outputs = Outputs(
      result: room(test.resultCount), bySource: room(test.sourceCount),
      byWeight: room(inputs.weight.count), byBias: room(test.outChannels),
      base: room(test.outChannels), sums: doubles, squares: doubles)
    spectral_transform_weights(&whole, inputs.weight, &weightSpectra)
    if !test.hasFewChannels {
      spectral_transform_transposed_weights(&whole, inputs.weight, &transposedSpectra)
    }
    let step = inParts ? Int(SPECTRAL_GROUP) : test.samples
    let blocked = test.hasFewChannels ? (test.samples + 15) / 16 * 16 : test.samples
    for start in stride(from: 0, to: test.samples, by: step) {
      var part = test.shape(of: min(step, test.samples - start), vectorWidth)
      var before = test.shape(of: start, vectorWidth)
      let first = start * test.sourceCount / blocked
      let spectraStart = spectral_source_count(&before)
      let resultStart = start * test.resultCount / test.samples
      let pooledStart = start * test.pooledCount / test.samples
      let isFirst: Int32 = start == 0 ? 1 : 0
      sourceSpectra.withUnsafeMutableBufferPointer { spectra in
        guard let spectra = spectra.baseAddress.map({ $0 + spectraStart }) else { return }
        var result = Array(outputs.result[resultStart...])
        outputs.base.withUnsafeMutableBufferPointer { base in
          outputs.sums.withUnsafeMutableBufferPointer { sums in
            outputs.squares.withUnsafeMutableBufferPointer { squares in
              var moments = spectral_moments(
                base: base.baseAddress, sums: sums.baseAddress, squares: squares.baseAddress)
              withUnsafePointer(to: &moments) {
                spectral_forward(
                  &part, Array(inputs.source[first...]), weightSpectra, inputs.bias,
                  isNormalised ? 0 : 1, isNormalised ? $0 : nil, isFirst, spectra, &scratch,
                  &result)
              }
            }
          }
        }
        outputs.result.replaceSubrange(resultStart..., with: result)
        var bySource = Array(outputs.bySource[first...])
        let (pooledGradient, choice, normalised) = (
          Array(inputs.pooledGradient[pooledStart...]), Array(inputs.choice[pooledStart...]),
          Array(inputs.normalised[resultStart...])
        )
        pooledGradient.withUnsafeBufferPointer { pooledGradient in
          choice.withUnsafeBufferPointer { choice in
            normalised.withUnsafeBufferPointer { normalised in
              inputs.coefficients.withUnsafeBufferPointer { coefficients in
                bySource.withUnsafeMutableBufferPointer { bySource in
                  var upstream = spectral_upstream(
                    pooled_gradient: pooledGradient.baseAddress, choice: choice.baseAddress,
                    result: isNormalised ? normalised.baseAddress : nil,
                    coefficients: isNormalised ? coefficients.baseAddress : nil)
                  spectral_backward(
                    &part, &upstream, spectra, transposedSpectra, isFirst, &gradientSpectra,
                    &outputs.byBias, &scratch, test.hasFewChannels ? nil : bySource.baseAddress)
                }
              }
            }
          }
        }
        outputs.bySource.replaceSubrange(first..., with: bySource)
      }
    }
    spectral_weight_gradient(&whole, gradientSpectra, &outputs.byWeight)
    if test.hasFewChannels { outputs.bySource = [] }
    if !isNormalised { (outputs.base, outputs.sums, outputs.squares) = ([], [], []) }
    return outputs
  }
}
