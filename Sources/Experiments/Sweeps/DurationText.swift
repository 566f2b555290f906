/// Durations for readers, rounded up: in seconds, minutes, hours or days, whichever shows the scale.
public enum DurationText {
  /// Seconds in words, such as `40 s`, `3 min 20 s`, `5 h 10 min`, `12 days 3 h`.
  public static func words(seconds: Double) -> String {
    guard seconds < 1e12 else { return "over 10000 years" }
    let whole = Int(max(0, seconds).rounded(.up))
    let (minute, hour, day) = (60, 3600, 86_400)
    if whole < minute { return "\(whole) s" }
    if whole < hour { return "\(whole / minute) min \(whole % minute) s" }
    if whole < 2 * day { return "\(whole / hour) h \(whole % hour / minute) min" }
    return "\(whole / day) days \(whole % day / hour) h"
  }
}
