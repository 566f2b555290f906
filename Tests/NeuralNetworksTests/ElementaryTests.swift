import CKernels
import Foundation
import TestSupport
import Testing

@Suite("Exponential and logarithm")
struct ElementaryTests {
  private func exponentials(_ x: [Float], offset: Float = 0) -> [Float] {
    var y = [Float](repeating: 0, count: x.count)
    elementary_exponentials(x, offset, &y, Int64(x.count))
    return y
  }

  /// The difference in units of the last place of the expected value.
  private func units(_ found: Float, _ expected: Double) -> Double {
    abs(Double(found) - expected) / Double(max(Float(expected).ulp, Float.leastNonzeroMagnitude))
  }

  @Test("at most 0.51 and 0.82 units in the last place from the exact value")
  func errors() {
    // Numbers of every size, over the range in which the result is a normal number.
    let inputs = (0..<200_000).map { Float($0 - 120_000) * (88 / 120_000) }
    var worst = 0.0
    for (x, y) in zip(inputs, exponentials(inputs)) { worst = max(worst, units(y, exp(Double(x)))) }
    #expect(worst > 0.4 && worst < 0.51, "exponential: \(worst)")
    worst = 0
    for number in 0..<200_000 {
      let x = Float(bitPattern: UInt32(number) &* 10_000 &+ 0x0080_0000)
      if x.isFinite { worst = max(worst, units(elementary_logarithm(x), log(Double(x)))) }
    }
    #expect(worst > 0.4 && worst < 0.82, "logarithm: \(worst)")
  }

  @Test("values at the ends")
  func ends() {
    #expect(
      exponentials([0, 1, -.infinity, -104.5, -103.9, 88.7, 88.8, .infinity])
        == [1, Float(M_E), 0, 0, .leastNonzeroMagnitude, exp(Float(88.7)), .infinity, .infinity])
    #expect(exponentials([.nan])[0].isNaN)
    #expect(exponentials([3, 5], offset: 5) == [exp(Float(-2)), 1])
    #expect(elementary_logarithm(1) == 0 && elementary_logarithm(0) == -.infinity)
    #expect(elementary_logarithm(.infinity) == .infinity)
    #expect(elementary_logarithm(-1).isNaN && elementary_logarithm(.nan).isNaN)
    #expect(abs(elementary_logarithm(.leastNonzeroMagnitude) - -103.27893) < 1e-5)
  }

  @Test("the same bits as when results of this numerics version were first computed")
  func recorded() {
    let inputs = (0..<100_000).map { Float($0) * -0.001 }
    // FNV-1a over the bits.
    func digest(_ values: [Float]) -> UInt64 {
      values.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1.bitPattern)) &* 0x100_0000_01B3 }
    }
    #expect(digest(exponentials(inputs)) == 3_200_308_131_322_588_493)
    #expect(digest(inputs.map { elementary_logarithm(1 - $0) }) == 13_302_130_182_170_132_076)
  }
}
