/// The order of lists of values that are texts: place by place, numbers as numbers.
enum ValueOrder {
  /// Whether the first list comes before the second; nil if they are equal.
  static func precedes(_ first: [String], _ second: [String]) -> Bool? {
    for (one, other) in zip(first, second) where one != other {
      if let one = Double(one), let other = Double(other), one != other { return one < other }
      return one < other
    }
    return first.count == second.count ? nil : first.count < second.count
  }
}
