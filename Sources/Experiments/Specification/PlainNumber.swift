import Yams

// Numbers as everybody reads them. YAML 1.1 also reads 010 as 8, 0x10 as 16 and 1:30 as 90: here they are no
// numbers, so that nobody's seed 010 is another's seed 8.
extension Node {
  /// Whether it is a word without quotes.
  private var plainText: String? {
    guard let scalar, scalar.style == .plain || scalar.style == .any else { return nil }
    return scalar.string
  }

  /// A whole number in decimal digits, without leading zeros; nil for anything else.
  var decimalInteger: Int? {
    guard let text = plainText, text.wholeMatch(of: /[-+]?(?:0|[1-9][0-9]*)/) != nil else {
      return nil
    }
    return Int(text)
  }

  /// A number in decimal digits; nil for anything else.
  var decimalNumber: Double? {
    let number = /[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?/
    guard let text = plainText, text.wholeMatch(of: number) != nil else { return nil }
    return Double(text)
  }
}
