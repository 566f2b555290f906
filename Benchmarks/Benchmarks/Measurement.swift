import BenchmarkFigures
import Dispatch

/// Seconds that some work takes, by the monotonic clock.
func seconds(_ work: () throws -> Void) rethrows -> Double {
  let start = DispatchTime.now().uptimeNanoseconds
  try work()
  return Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
}

/// Takes measurements in turn (A, B, A, B, …) after each was taken once for nothing.
/// - Returns: one series a measurement, with `repetitions` values.
func interleaved(
  _ repetitions: Int, warmUp: Bool = true, _ measurements: [() throws -> Double]
) throws -> [Series] {
  if warmUp { for measurement in measurements { _ = try measurement() } }
  var values = [[Double]](repeating: [], count: measurements.count)
  for _ in 0..<repetitions {
    for (index, measurement) in measurements.enumerated() {
      values[index].append(try measurement())
    }
  }
  return values.map(Series.init)
}
