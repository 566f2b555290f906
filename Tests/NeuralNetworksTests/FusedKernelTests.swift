import CKernels
import TestSupport
import Testing

/// The fused kernels against the same mathematics written plainly, in double precision.
@Suite("Fused normalisation, ReLU and pooling")
struct FusedKernelTests {
  /// A tensor with axes (sample, channel, y, x).
  struct Tensor {
    let shape: [Int]
    var values: [Double]

    init(_ shape: [Int], _ values: [Double]? = nil) {
      self.shape = shape
      self.values = values ?? [Double](repeating: 0, count: shape.reduce(1, *))
    }

    func index(_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
      ((n * shape[1] + c) * shape[2] + y) * shape[3] + x
    }

    /// As the kernels keep it: axes (sample, channel block, y, x, channel in block).
    func blocked(_ block: Int) -> [Float] {
      var result: [Float] = []
      for n in 0..<shape[0] {
        for b in 0..<shape[1] / block {
          for y in 0..<shape[2] {
            for x in 0..<shape[3] {
              for c in 0..<block { result.append(Float(values[index(n, b * block + c, y, x)])) }
            }
          }
        }
      }
      return result
    }
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let samples: Int
    let channels: Int
    let height: Int
    let width: Int
    let block: Int
    var testDescription: String { "\(samples)×\(channels)×\(height)×\(width), blocks of \(block)" }
    var shape: fused_shape {
      fused_shape(
        samples: Int32(samples), channels: Int32(channels), height: Int32(height),
        width: Int32(width), block: Int32(block))
    }
    var dimensions: [Int] { [samples, channels, height, width] }
    var pooledDimensions: [Int] { [samples, channels, height / 2, width / 2] }
  }

  static let cases = [
    Case(samples: 3, channels: 16, height: 6, width: 8, block: 16),
    Case(samples: 2, channels: 32, height: 7, width: 5, block: 16),
    Case(samples: 2, channels: 16, height: 5, width: 6, block: 8),
    Case(samples: 1, channels: 8, height: 4, width: 7, block: 8),
    Case(samples: 4, channels: 16, height: 2, width: 2, block: 16),
  ]

  /// Values of which some are equal to their neighbours, so that the rule for ties matters.
  private func input(_ test: Case) -> Tensor {
    let count = test.dimensions.reduce(1, *)
    let noise = HashFill.signed(salt: 3, count: count, bound: 2).map { ($0 * 8).rounded() / 8 }
    return Tensor(test.dimensions, noise.map { Double($0) + 0.5 })
  }

  /// For each pooled value the chosen place's index into `activated`; nil if none is above 0.
  private func pool(_ activated: Tensor, _ test: Case) -> (pooled: Tensor, chosen: [Int?]) {
    var pooled = Tensor(test.pooledDimensions)
    var chosen = [Int?](repeating: nil, count: pooled.values.count)
    for n in 0..<test.samples {
      for c in 0..<test.channels {
        for y in 0..<test.height / 2 {
          for x in 0..<test.width / 2 {
            let places = [(0, 0), (0, 1), (1, 0), (1, 1)].map {
              activated.index(n, c, 2 * y + $0.0, 2 * x + $0.1)
            }
            var best = places[0]
            for place in places where activated.values[place] > activated.values[best] {
              best = place
            }
            let target = pooled.index(n, c, y, x)
            pooled.values[target] = max(activated.values[best], 0)
            chosen[target] = activated.values[best] > 0 ? best : nil
          }
        }
      }
    }
    return (pooled, chosen)
  }

  @Test("with batch normalisation, forward and backward", arguments: cases)
  func normalised(test: Case) {
    let x = input(test)
    let (epsilon, channels) = (1e-5, test.channels)
    let scale = HashFill.signed(salt: 5, count: channels, bound: 1)
    let shift = HashFill.signed(salt: 6, count: channels, bound: 1)
    let pooledCount = test.pooledDimensions.reduce(1, *)
    let upstream = Tensor(
      test.pooledDimensions, HashFill.signed(salt: 7, count: pooledCount, bound: 1).map(Double.init)
    )

    // Plainly.
    let perChannel = Double(test.samples * test.height * test.width)
    var (mean, variance) = ([Double](repeating: 0, count: channels), [Double]())
    func forEach(_ body: (_ channel: Int, _ index: Int) -> Void) {
      for n in 0..<test.samples {
        for c in 0..<channels {
          for y in 0..<test.height {
            for i in 0..<test.width { body(c, x.index(n, c, y, i)) }
          }
        }
      }
    }
    variance = mean
    forEach { mean[$0] += x.values[$1] / perChannel }
    forEach { variance[$0] += (x.values[$1] - mean[$0]) * (x.values[$1] - mean[$0]) / perChannel }
    let inverse = variance.map { 1 / ($0 + epsilon).squareRoot() }
    var activated = x
    forEach {
      activated.values[$1] =
        (x.values[$1] - mean[$0]) * inverse[$0] * Double(scale[$0]) + Double(shift[$0])
    }
    let (pooled, chosen) = pool(activated, test)
    var gradient = Tensor(test.dimensions)
    for (index, place) in chosen.enumerated() {
      if let place { gradient.values[place] += upstream.values[index] }
    }
    var (byScale, byShift) = (
      [Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels)
    )
    forEach {
      byShift[$0] += gradient.values[$1]
      byScale[$0] += gradient.values[$1] * (x.values[$1] - mean[$0]) * inverse[$0]
    }
    var expected = gradient
    forEach {
      let normal = (x.values[$1] - mean[$0]) * inverse[$0]
      expected.values[$1] =
        Double(scale[$0]) * inverse[$0]
        * (gradient.values[$1] - byShift[$0] / perChannel - normal * byScale[$0] / perChannel)
    }

    // By the kernels; what can be done in parts of the batch is, the first sample being one.
    let whole = test.shape
    let source = x.blocked(test.block)
    let size = (source: source.count / test.samples, pooled: pooledCount / test.samples)
    let parts = [0..<1, 1..<test.samples].filter { !$0.isEmpty }
    func shape(_ part: Range<Int>) -> fused_shape {
      var shape = whole
      shape.samples = Int32(part.count)
      return shape
    }
    var foundMean = [Float](repeating: 0, count: channels)
    var (foundVariance, base) = (foundMean, foundMean)
    var sums = [Double](repeating: .nan, count: channels)
    var squares = sums
    for part in parts {
      var shape = shape(part)
      fused_add_moments(
        &shape, Array(source[(part.lowerBound * size.source)...]), part.lowerBound == 0 ? 1 : 0,
        &base, &sums, &squares)
    }
    var batch = whole
    fused_statistics(&batch, base, sums, squares, &foundMean, &foundVariance)
    var foundPooled = [Float](repeating: 0, count: pooledCount)
    var choice = [UInt8](repeating: 9, count: pooledCount)
    var chosenValues = [Float](repeating: .nan, count: pooledCount)
    fused_forward(
      &batch, source, foundMean, foundVariance, scale, shift, Float(epsilon), &foundPooled,
      &choice, &chosenValues)
    var coefficients = [Float](repeating: .nan, count: 3 * channels)
    var (foundByScale, foundByShift) = (foundMean, foundMean)
    let pooledGradient = upstream.blocked(test.block)
    fused_gradients(
      &batch, foundMean, foundVariance, scale, Float(epsilon), pooledGradient, choice,
      chosenValues, &coefficients, &foundByScale, &foundByShift)
    var foundGradient: [Float] = []
    for part in parts {
      var shape = shape(part)
      var gradient = [Float](repeating: .nan, count: part.count * size.source)
      let pooledStart = part.lowerBound * size.pooled
      fused_spread(
        &shape, Array(source[(part.lowerBound * size.source)...]), coefficients,
        Array(pooledGradient[pooledStart...]), Array(choice[pooledStart...]), &gradient)
      foundGradient += gradient
    }

    func compare(_ found: [Float], _ expected: [Float], _ what: String) {
      expectClose(found, expected, absolute: 2e-5, what)
    }
    compare(foundMean, mean.map(Float.init), "mean")
    compare(foundVariance, variance.map(Float.init), "variance")
    compare(foundPooled, pooled.blocked(test.block), "pooled")
    compare(foundByScale, byScale.map(Float.init), "gradient by the scale")
    compare(foundByShift, byShift.map(Float.init), "gradient by the shift")
    compare(foundGradient, expected.blocked(test.block), "gradient by the input")

    // In evaluation nothing is chosen, and the result is the same.
    var evaluated = [Float](repeating: 0, count: pooledCount)
    fused_forward(
      &batch, source, foundMean, foundVariance, scale, shift, Float(epsilon), &evaluated, nil, nil)
    #expect(evaluated == foundPooled)
  }

  @Test("without batch normalisation, forward and backward", arguments: cases)
  func plain(test: Case) {
    var x = input(test)
    for index in x.values.indices { x.values[index] = max(x.values[index], 0) }
    let pooledCount = test.pooledDimensions.reduce(1, *)
    let upstream = Tensor(
      test.pooledDimensions, HashFill.signed(salt: 8, count: pooledCount, bound: 1).map(Double.init)
    )
    let (pooled, chosen) = pool(x, test)
    var expected = Tensor(test.dimensions)
    for (index, place) in chosen.enumerated() {
      if let place { expected.values[place] += upstream.values[index] }
    }
    var shape = test.shape
    var foundPooled = [Float](repeating: 0, count: pooledCount)
    var choice = [UInt8](repeating: 9, count: pooledCount)
    var foundGradient = [Float](repeating: .nan, count: x.values.count)
    pool_forward(&shape, x.blocked(test.block), &foundPooled, &choice)
    pool_backward(&shape, upstream.blocked(test.block), choice, &foundGradient)
    #expect(foundPooled == pooled.blocked(test.block))
    #expect(foundGradient == expected.blocked(test.block))
  }

  @Test("a diverged value is not hidden by the maximum", arguments: 0..<4)
  func notANumber(place: Int) {
    var shape = fused_shape(samples: 1, channels: 8, height: 2, width: 2, block: 8)
    var x = [Float](repeating: 1, count: 32)
    x[place * 8] = .nan
    var pooled = [Float](repeating: 0, count: 8)
    pool_forward(&shape, x, &pooled, nil)
    #expect(pooled[0].isNaN)
    #expect(pooled[1...].allSatisfy { $0 == 1 })
  }
}
