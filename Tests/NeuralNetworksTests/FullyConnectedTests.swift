import CKernels
import TestSupport
import Testing

/// A fully connected layer by our kernels against the formula, written plainly in double precision.
@Suite("Fully connected kernels")
struct FullyConnectedTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let samples: Int
    let inputs: Int
    let outputs: Int
    /// Whether rows are filled up to a multiple of 16.
    let isFilledUp: Bool
    var testDescription: String {
      "\(samples) samples, \(inputs) → \(outputs)\(isFilledUp ? ", rows filled up" : "")"
    }
    static func filledUp(_ count: Int) -> Int { (count + 15) / 16 * 16 }
    var sourceStride: Int { isFilledUp ? Self.filledUp(inputs) : inputs }
    var resultStride: Int { isFilledUp ? Self.filledUp(outputs) : outputs }
    var weightCount: Int { Self.filledUp(outputs) * Self.filledUp(inputs) }
    func weight(_ output: Int, _ input: Int) -> Int {
      (output / 16 * Self.filledUp(inputs) + input) * 16 + output % 16
    }
    func shape(_ width: Int32) -> connected_shape {
      connected_shape(
        samples: Int32(samples), inputs: Int32(inputs), outputs: Int32(outputs),
        source_stride: Int32(sourceStride), result_stride: Int32(resultStride), vector_width: width)
    }
    /// Rows of `width` values, what fills them up 0.
    func rows(_ salt: UInt32, width: Int, stride: Int) -> [Float] {
      let values = HashFill.signed(salt: salt, count: samples * width, bound: 1)
      let filling = [Float](repeating: 0, count: stride - width)
      return (0..<samples).flatMap { (n: Int) -> [Float] in
        values[n * width..<(n + 1) * width] + filling
      }
    }
  }

  static let cases = [
    Case(samples: 32, inputs: 80, outputs: 40, isFilledUp: true),
    Case(samples: 13, inputs: 37, outputs: 10, isFilledUp: false),
    Case(samples: 35, inputs: 9, outputs: 33, isFilledUp: true),
    Case(samples: 1, inputs: 1, outputs: 1, isFilledUp: false),
  ]

  @Test("forward and backward", arguments: cases, [false, true])
  func passes(test: Case, relu: Bool) {
    let source = test.rows(1, width: test.inputs, stride: test.sourceStride)
    let upstream = test.rows(2, width: test.outputs, stride: test.resultStride)
    let bias = HashFill.signed(salt: 3, count: test.outputs, bound: 1)
    let values = HashFill.signed(salt: 4, count: test.weightCount, bound: 1)
    var weight = [Float](repeating: 0, count: test.weightCount)
    for output in 0..<test.outputs {
      for input in 0..<test.inputs {
        weight[test.weight(output, input)] = values[test.weight(output, input)]
      }
    }

    var result = [Double](repeating: 0, count: test.samples * test.resultStride)
    var byWeight = [Double](repeating: 0, count: test.weightCount)
    var byBias = [Double](repeating: 0, count: test.outputs)
    var bySource = [Double](repeating: 0, count: source.count)
    for n in 0..<test.samples {
      for output in 0..<test.outputs {
        let place = n * test.resultStride + output
        let inputs = 0..<test.inputs
        let sum = inputs.reduce(Double(bias[output])) {
          $0 + Double(source[n * test.sourceStride + $1])
            * Double(weight[test.weight(output, $1)])
        }
        result[place] = relu ? max(sum, 0) : sum
        guard !relu || sum > 0 else { continue }
        byBias[output] += Double(upstream[place])
        for input in inputs {
          let at = n * test.sourceStride + input
          byWeight[test.weight(output, input)] += Double(upstream[place]) * Double(source[at])
          bySource[at] += Double(upstream[place]) * Double(weight[test.weight(output, input)])
        }
      }
    }

    var first: [[Float]]?
    for width in vectorWidths {
      var shape = test.shape(width)
      // What fills up the weights' gradient stays as it is; rows are written whole.
      var foundResult = [Float](repeating: .nan, count: result.count)
      var foundByWeight = [Float](repeating: 0, count: test.weightCount)
      var foundByBias = [Float](repeating: .nan, count: test.outputs)
      var foundBySource = [Float](repeating: .nan, count: source.count)
      var scratch = [Float](repeating: .nan, count: connected_scratch_count(&shape))
      connected_forward(&shape, source, weight, bias, relu ? 1 : 0, &foundResult)
      foundResult.withUnsafeBufferPointer {
        connected_backward(
          &shape, source, &weight, relu ? $0.baseAddress : nil, upstream, &scratch, &foundByWeight,
          &foundByBias, &foundBySource, nil)
      }
      expectClose(foundResult, result.map(Float.init), absolute: 1e-5, "result")
      expectClose(foundByWeight, byWeight.map(Float.init), absolute: 1e-5, "by the weight")
      expectClose(foundByBias, byBias.map(Float.init), absolute: 1e-5, "by the bias")
      expectClose(foundBySource, bySource.map(Float.init), absolute: 1e-5, "by the source")
      let found = [foundResult, foundByWeight, foundByBias, foundBySource]
      #expect(found == first ?? found, "the same bits for every width")
      first = found
    }
  }

  @Test(
    "a step within the backward pass has the bits of the gradient and a step of descent",
    arguments: cases, [Float(0), 0.01])
  func step(test: Case, decay: Float) {
    let source = test.rows(1, width: test.inputs, stride: test.sourceStride)
    let upstream = test.rows(2, width: test.outputs, stride: test.resultStride)
    var weight = HashFill.signed(salt: 4, count: test.weightCount, bound: 1)
    for place in 0..<test.weightCount {
      let (block, input) = (
        place / 16 / Case.filledUp(test.inputs), place / 16 % Case.filledUp(test.inputs)
      )
      if input >= test.inputs || block * 16 + place % 16 >= test.outputs { weight[place] = 0 }
    }
    for width in vectorWidths {
      var shape = test.shape(width)
      var scratch = [Float](repeating: .nan, count: connected_scratch_count(&shape))
      var (apart, together) = (weight, weight)
      var byWeight = [Float](repeating: 0, count: test.weightCount)
      var (byBias, bySource) = ([Float](repeating: 0, count: test.outputs), source)
      connected_backward(
        &shape, source, &apart, nil, upstream, &scratch, &byWeight, &byBias, &bySource, nil)
      #expect(apart == weight, "without a step the weights stay")
      var plain = descent()
      plain.rate = 0.3
      plain.weight_decay = decay
      plain.factor = 1
      vector_descend(&apart, byWeight, nil, apart.count, &plain)
      var untouched = [Float](repeating: 7, count: test.weightCount)
      var (otherBias, otherSource) = (byBias.map { _ in Float(0) }, source)
      var step = connected_step(rate: 0.3, decay: decay)
      connected_backward(
        &shape, source, &together, nil, upstream, &scratch, &untouched, &otherBias, &otherSource,
        &step)
      #expect(together == apart && together != weight)
      #expect(untouched.allSatisfy { $0 == 7 }, "the gradient is not written")
      #expect(otherBias == byBias && otherSource == bySource, "both see the weights before it")
    }
  }

  @Test("NaN passes through the ReLU, forward and backward")
  func notANumber() {
    for width in vectorWidths {
      var shape = Case(samples: 3, inputs: 1, outputs: 1, isFilledUp: false).shape(width)
      var weight: [Float] = [1] + [Float](repeating: 0, count: 255)
      let source: [Float] = [.nan, 3, -2]
      var result: [Float] = [0, 0, 9]
      connected_forward(&shape, source, weight, [0], 1, &result)
      #expect(result[0].isNaN && result[1...] == [3, 0])
      var scratch = [Float](repeating: 0, count: connected_scratch_count(&shape))
      var (byWeight, byBias, bySource) = (weight, [Float(0)], source)
      connected_backward(
        &shape, source, &weight, result, [5, 6, 7], &scratch, &byWeight, &byBias, &bySource, nil)
      #expect(bySource == [5, 6, 0])
    }
  }

  @Test("images in blocks of samples have the plain ones' bits", arguments: [1, 16, 19])
  func sampleBlocks(count: Int) {
    let (imageSize, factor, offset) = (37, Float(2) / 255, Float(-1))
    let pixels = HashFill.unit(salt: 1, count: 25 * imageSize).map { UInt8($0 * 255) }
    let samples = (0..<count).map { Int32($0 * 7 % 25) }
    let blocks = (count + 15) / 16
    var found = [Float](repeating: .nan, count: blocks * imageSize * 16)
    gather_sample_blocks(
      pixels, Int64(imageSize), samples, Int64(count), factor, offset, &found)
    var expected = [Float](repeating: 0, count: found.count)
    for (n, sample) in samples.enumerated() {
      for p in 0..<imageSize {
        let value = Float(pixels[Int(sample) * imageSize + p])
        expected[(n / 16 * imageSize + p) * 16 + n % 16] = value * factor + offset
      }
    }
    #expect(found == expected)
  }
}
