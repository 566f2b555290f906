import Foundation
import TestSupport
import Testing

@Suite("pfedla run --log and --tensorboard")
struct RunLogTests {
  private let arguments = ["run", "small.yaml", "--datasets", "data", "--output", "result.h5"]

  @Test("--log has a line for every round, and none twice after an interruption")
  func log() throws {
    struct Line: Decodable {
      let round: Int
      let rounds: Int
      let train_loss: Double?
      let test_accuracy_received: Double?
    }
    let folder = try Program.workplace()
    func lines() throws -> [Line] {
      try String(contentsOf: folder.file("run.jsonl"), encoding: .utf8).split(separator: "\n").map {
        try JSONDecoder().decode(Line.self, from: Data($0.utf8))
      }
    }
    // What a run of more rounds had left there.
    try "{\"round\": 9, \"rounds\": 9, \"seconds\": 1}\n".write(
      to: folder.file("run.jsonl"), atomically: true, encoding: .utf8)
    let logged = arguments + ["--log", "run.jsonl", "--set", "keep_state=true", "evaluate_every=2"]
    #expect(try Program.run(logged, in: folder).status == 0)
    let first = try lines()
    #expect(first.map(\.round) == [1, 2, 3] && first.allSatisfy { $0.rounds == 3 })
    #expect(first.allSatisfy { $0.train_loss ?? 0 > 0 })
    #expect(first.map { $0.test_accuracy_received != nil } == [false, true, true])
    // More rounds keep the lines of those before.
    let more = try Program.run(logged + ["rounds=5", "--overwrite"], in: folder)
    #expect(more.status == 0, "\(more.errors)")
    #expect(try lines().map(\.round) == [1, 2, 3, 4, 5])
    // Nothing else is replaced.
    let other = try Program.run(arguments + ["--overwrite", "--log", "result.h5"], in: folder)
    #expect(other.status != 0 && other.errors.contains("a name that ends with .jsonl"))
    try "notes\n".write(to: folder.file("notes.jsonl"), atomically: true, encoding: .utf8)
    let notes = try Program.run(arguments + ["--overwrite", "--log", "notes.jsonl"], in: folder)
    #expect(notes.status != 0 && notes.errors.contains("no log of a run"))
    #expect(try String(contentsOf: folder.file("notes.jsonl"), encoding: .utf8) == "notes\n")
  }

  @Test("--tensorboard has an event for every round, and none twice after an interruption")
  func tensorBoard() throws {
    let folder = try Program.workplace()
    let path = folder.file("board/small/events.out.tfevents.pfedla")
    /// Records of the file, the first one included.
    func records() throws -> Int {
      let bytes = [UInt8](try Data(contentsOf: path))
      var (place, count) = (0, 0)
      while place + 16 <= bytes.count {
        place += 16 + Int(bytes[place]) + 256 * Int(bytes[place + 1])
        count += 1
      }
      #expect(place == bytes.count)
      return count
    }
    let logged =
      arguments + ["--tensorboard", "board/small", "--set", "keep_state=true", "evaluate_every=2"]
    #expect(try Program.run(logged, in: folder).status == 0)
    #expect(try records() == 4)
    let first = try Data(contentsOf: path)
    #expect(first.range(of: Data("test_accuracy_received".utf8)) != nil)
    let more = try Program.run(logged + ["rounds=5", "--overwrite"], in: folder)
    #expect(more.status == 0, "\(more.errors)")
    #expect(try records() == 6)
    #expect(try Data(contentsOf: path).prefix(first.count) == first)
    try Data("notes\n".utf8).write(to: path)
    let notes = try Program.run(logged + ["rounds=6", "--overwrite"], in: folder)
    #expect(notes.status != 0 && notes.errors.contains("no event file"))
  }
}
