/// The Philox4x32-10 counter-based generator.
///
/// A block is a pure function of a 128-bit counter and a 64-bit key, so any number of any stream
/// can be computed by itself: no state is shared between clients, rounds or threads.
///
/// Salmon, Moraes, Dror, Shaw: *Parallel random numbers: as easy as 1, 2, 3*, SC 2011,
/// DOI 10.1145/2063384.2063405. Checked against the known answers of its authors.
public enum Philox4x32 {
  /// The four 32-bit words that belong to `counter` under `key`, after ten rounds.
  public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var state = counter
    var key = key
    for round in 0..<10 {
      if round > 0 {
        key[0] &+= 0x9E37_79B9
        key[1] &+= 0xBB67_AE85
      }
      let first = UInt64(state[0]) &* 0xD251_1F53
      let second = UInt64(state[2]) &* 0xCD9E_8D57
      state = SIMD4(
        UInt32(truncatingIfNeeded: second >> 32) ^ state[1] ^ key[0],
        UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ state[3] ^ key[1],
        UInt32(truncatingIfNeeded: first))
    }
    return state
  }
}
