import CFusedKernels
import Foundation
import TestSupport
import Testing

/// The sparse gradients of a convolution against the dense ones written plainly, in double precision.
@Suite("Sparse gradients of a pooled convolution")
struct SparseGradientTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let samples: Int
    let inChannels: Int
    let outChannels: Int
    let height: Int
    let width: Int
    var testDescription: String {
      "\(samples) samples, \(inChannels) → \(outChannels) channels, \(height)×\(width)"
    }
    var pooledHeight: Int { (height - 4) / 2 }
    var pooledWidth: Int { (width - 4) / 2 }
    var pooledCount: Int { samples * outChannels * pooledHeight * pooledWidth }
    var sourceCount: Int { samples * inChannels * height * width }
    var shape: sparse_shape {
      sparse_shape(
        samples: Int32(samples), in_channels: Int32(inChannels), out_channels: Int32(outChannels),
        in_height: Int32(height), in_width: Int32(width))
    }
    /// Position in memory, axes (sample, channel block, y, x, channel in block).
    static func blocked(_ n: Int, _ c: Int, _ y: Int, _ x: Int, of shape: (Int, Int, Int)) -> Int {
      let (channels, height, width) = shape
      return (((n * (channels / 16) + c / 16) * height + y) * width + x) * 16 + c % 16
    }
    func source(_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
      Self.blocked(n, c, y, x, of: (inChannels, height, width))
    }
    func pooled(_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
      Self.blocked(n, c, y, x, of: (outChannels, pooledHeight, pooledWidth))
    }
    /// Axes (out block, in block, y, x, out, in).
    func weight(_ out: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
      ((((out / 16 * (inChannels / 16) + c / 16) * 5 + y) * 5 + x) * 16 + out % 16) * 16 + c % 16
    }
  }

  static let cases = [
    Case(samples: 3, inChannels: 16, outChannels: 32, height: 12, width: 12),
    Case(samples: 2, inChannels: 32, outChannels: 16, height: 7, width: 9),
    Case(samples: 1, inChannels: 16, outChannels: 16, height: 6, width: 6),
    // More pooled places in one sample than are collected at once.
    Case(samples: 2, inChannels: 16, outChannels: 16, height: 36, width: 44),
  ]

  @Test("weight, bias and source", arguments: cases)
  func gradients(test: Case) throws {
    try #require(
      sparse_gradients_supported() != 0 || !isWideProcessor, "AVX-512 is there and goes unused")
    guard sparse_gradients_supported() != 0 else { return }
    let source = HashFill.signed(salt: 1, count: test.sourceCount, bound: 1)
    let weight = HashFill.signed(
      salt: 2, count: test.inChannels * test.outChannels * 25, bound: 1)
    let pooledGradient = HashFill.signed(salt: 3, count: test.pooledCount, bound: 1)
    let choice = HashFill.signed(salt: 4, count: test.pooledCount, bound: 2.5).map {
      UInt8($0 + 2.5)  // 0 … 4
    }

    var byWeight = [Double](repeating: 0, count: weight.count)
    var byBias = [Double](repeating: 0, count: test.outChannels)
    var bySource = [Double](repeating: 0, count: source.count)
    for n in 0..<test.samples {
      for out in 0..<test.outChannels {
        for y in 0..<test.pooledHeight {
          for x in 0..<test.pooledWidth {
            let place = test.pooled(n, out, y, x)
            guard choice[place] < 4 else { continue }
            let gradient = Double(pooledGradient[place])
            let (top, left) = (2 * y + Int(choice[place]) / 2, 2 * x + Int(choice[place]) % 2)
            byBias[out] += gradient
            for c in 0..<test.inChannels {
              for ky in 0..<5 {
                for kx in 0..<5 {
                  let at = test.source(n, c, top + ky, left + kx)
                  let tap = test.weight(out, c, ky, kx)
                  byWeight[tap] += gradient * Double(source[at])
                  bySource[at] += gradient * Double(weight[tap])
                }
              }
            }
          }
        }
      }
    }

    var shape = test.shape
    var foundByWeight = [Float](repeating: .nan, count: weight.count)
    var foundByBias = [Float](repeating: .nan, count: test.outChannels)
    var foundBySource = [Float](repeating: .nan, count: source.count)
    sparse_weight_gradient(
      &shape, source, pooledGradient, choice, &foundByWeight, &foundByBias)
    sparse_data_gradient(&shape, weight, pooledGradient, choice, &foundBySource)
    expectClose(foundByWeight, byWeight.map(Float.init), absolute: 2e-4, "by the weight")
    expectClose(foundByBias, byBias.map(Float.init), absolute: 2e-4, "by the bias")
    expectClose(foundBySource, bySource.map(Float.init), absolute: 2e-5, "by the source")
  }

  /// Whether the kernel of the system counts AVX-512 among the processor's abilities.
  private var isWideProcessor: Bool {
    (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.contains("avx512f") ?? false
  }
}
