import Experiments
import Foundation
import Support

/// An event file of TensorBoard with scalars for each round: `tensorboard --logdir FOLDER`.
enum TensorBoardLog: RoundLog.Format {
  static let option = "--tensorboard"
  static let kind = "event file"
  static var beginning: Data {
    TensorBoardEvents.start(wallTime: Date().timeIntervalSince1970)
  }

  /// The event file in a folder, which TensorBoard shows as a run.
  static func path(in folder: String) -> String {
    (folder as NSString).appendingPathComponent("events.out.tfevents.pfedla")
  }

  static func kept(_ file: Data, upTo round: Int) -> Data? {
    TensorBoardEvents.kept(file, upTo: round)
  }

  static func entry(_ progress: ExperimentRun.Progress) -> Data {
    TensorBoardEvents.scalars(
      wallTime: Date().timeIntervalSince1970, step: progress.round,
      progress.logged.map { (tag: $0.name, value: Float($0.value)) })
  }
}
