import Experiments
import Foundation
import TestSupport
import Testing

@Suite("Cell locks")
struct CellLockTests {
  @Test("one holder at a time; the file names it and goes with it")
  func exclusion() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.lock").path
    var first = try CellLock(path)
    #expect(first != nil)
    #expect(try CellLock(path) == nil)
    #expect(CellLock.holder(of: path).hasPrefix("process \(getpid()) on "))
    #expect(!CellLock.holder(of: path).contains("\n"))
    // Another file's lock is another lock.
    #expect(try CellLock(folder.file("b.lock").path) != nil)

    first = nil
    #expect(!FileManager.default.fileExists(atPath: path))
    let second = try CellLock(path)
    #expect(second != nil)
    withExtendedLifetime((first, second)) {}
  }

  @Test("a file that a killed process left is no lock")
  func leftover() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.lock").path
    try Data("process 1 on elsewhere, with a longer name than this one's\n".utf8)
      .write(to: URL(fileURLWithPath: path))
    let lock = try CellLock(path)
    #expect(lock != nil)
    #expect(CellLock.holder(of: path).hasPrefix("process \(getpid()) on "))
    #expect(!CellLock.holder(of: path).contains("elsewhere"))
    withExtendedLifetime(lock) {}
  }

  @Test("a lock that says nothing is another process's")
  func namelessHolder() throws {
    let folder = try TemporaryFolder()
    #expect(CellLock.holder(of: folder.file("none.lock").path) == "another process")
    try Data().write(to: folder.file("a.lock"))
    #expect(CellLock.holder(of: folder.file("a.lock").path) == "another process")
  }

  @Test("who waits gets the lock when it is free, one after another")
  func waiting() async throws {
    let folder = try TemporaryFolder()
    let (path, counter) = (folder.file("a.lock").path, folder.file("count"))
    try Data("0".utf8).write(to: counter)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let lock = try CellLock.waiting(path)
          // Lost updates would show if two were here at once.
          let count = Int(try String(contentsOf: counter, encoding: .utf8)) ?? 0
          usleep(20_000)
          try Data("\(count + 1)".utf8).write(to: counter)
          withExtendedLifetime(lock) {}
        }
      }
      try await group.waitForAll()
    }
    #expect(try String(contentsOf: counter, encoding: .utf8) == "4")
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("a folder that is not there is named")
  func noFolder() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("none/a.lock").path
    let error = #expect(throws: SpecificationError.self) { _ = try CellLock(path) }
    #expect(error?.description == "\(path): cannot be created (No such file or directory)")
  }
}
