import Foundation

/// Ends of an axis and the steps between its tics, in round numbers.
enum AxisRange {
  /// For accuracies in percent: whole fives that hold all values.
  static func percent(_ axis: String, _ values: [Double]) -> [String] {
    guard let lowest = values.min(), let highest = values.max() else { return [] }
    let low = min(95, max(0, 5 * (lowest / 5).rounded(.down)))
    let high = min(100, max(low + 5, 5 * (highest / 5).rounded(.up)))
    return ["set \(axis)range [\(low):\(high)]", "set \(axis)tics \(step(high - low))"]
  }

  /// For counts: from 0 to the highest value, tics at whole numbers.
  static func count(_ axis: String, _ values: [Double]) -> [String] {
    guard let highest = values.max(), highest > 0 else { return [] }
    return ["set \(axis)range [0:\(highest)]", "set \(axis)tics \(max(1, step(highest)))"]
  }

  /// The least step of 1, 2 or 5 times a power of ten that makes six steps or fewer.
  static func step(_ length: Double) -> Double {
    let power = pow(10, log10(length / 6).rounded(.down))
    return [1, 2, 5].map { $0 * power }.first { $0 * 6 >= length } ?? 10 * power
  }
}

/// Round numbers along an axis that starts at 0.
struct NiceAxis {
  /// The numbers, ascending from 0; the last is the first that reaches the largest value.
  let ticks: [Int]

  /// An axis for values up to `largest` (positive) with at most so many numbers after 0.
  init(largest: Int, maximumTicks: Int) {
    let step = firstRoundNumber { $0 * maximumTicks >= largest }
    ticks = (0...(largest + step - 1) / step).map { $0 * step }
  }

  /// The last number.
  var end: Int { ticks.last ?? 1 }
}

/// The first of 1, 2, 5, 10, 20, 50, … that is enough.
func firstRoundNumber(_ isEnough: (Int) -> Bool) -> Int {
  var decade = 1
  while true {
    for factor in [1, 2, 5] where isEnough(decade * factor) { return decade * factor }
    decade *= 10
  }
}
