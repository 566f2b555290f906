/// How work on many clients is cut up where several clients share a pass over the client bank.
package enum ClientGroups {
  /// Splits 0 ..< `count` into groups of nearly equal size, in order: as few as hold at most
  /// `ClientBank.sharedPassCount` clients each, but a multiple of the number of workers if there are enough
  /// clients, so that no worker waits for the others. What is computed must not depend on it.
  package static func groups(of count: Int, workerCount: Int) -> [Range<Int>] {
    let size = ClientBank.sharedPassCount
    let fewest = (count + size - 1) / size
    let groups = min(count, (fewest + workerCount - 1) / workerCount * workerCount)
    return (0..<groups).map { count * $0 / groups..<count * ($0 + 1) / groups }
  }
}
