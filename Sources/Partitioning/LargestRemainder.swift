/// Shares `total` equal items in proportion to `weights` by the method of largest remainders.
///
/// Each share is its exact quota total · wᵢ / Σw rounded down; the items left over go, one each, to
/// the shares with the largest fractional parts, and among equal ones to the earlier share. The
/// shares add up to `total` exactly, and none differs from its quota by one or more.
///
/// `weights` must not be negative and must have a positive sum.
package func largestRemainderShares(of total: Int, weights: [Double]) -> [Int] {
  let sum = weights.reduce(0, +)
  precondition(sum > 0 && total >= 0, "weights must have a positive sum")
  let quotas = weights.map { Double(total) * $0 / sum }
  var shares = quotas.map { Int($0) }
  let left = total - shares.reduce(0, +)
  let fractions = zip(quotas, shares).map { $0 - Double($1) }
  let order = fractions.indices.sorted { (fractions[$1], $0) < (fractions[$0], $1) }
  for index in order.prefix(left) { shares[index] += 1 }
  return shares
}
