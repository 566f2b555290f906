import Experiments
import Support

/// Bytes that runs sent, mean over runs; NaN of no run.
struct MeasuredTraffic {
  /// Both directions over all rounds.
  let whole: Double
  /// Both directions, mean over rounds.
  let perRound: Double
  /// One client to the server, mean over participations.
  let uplinkPerParticipation: Double
  /// The server to one client, mean over participations.
  let downlinkPerParticipation: Double
  /// Both directions, mean over participations, in megabytes.
  var megabytesPerParticipation: Double {
    (uplinkPerParticipation + downlinkPerParticipation) / Megabyte.bytes
  }

  init(_ runs: [RunResult]) {
    func perParticipation(_ bytes: KeyPath<RunRecord, [Double]>) -> Double {
      runs.map { run in
        run.record[keyPath: bytes].reduce(0, +) / Double(run.record.participated.count { $0 })
      }.mean
    }
    let wholes = runs.map { ($0.record.uplinkBytes + $0.record.downlinkBytes).reduce(0, +) }
    whole = wholes.mean
    perRound = zip(wholes, runs).map { $0 / Double($1.record.roundCount) }.mean
    uplinkPerParticipation = perParticipation(\.uplinkBytes)
    downlinkPerParticipation = perParticipation(\.downlinkBytes)
  }
}
