import Foundation
import HDF5
import Support
import Synchronization
import TestSupport
import Testing

@Suite struct FileTests {
  private func writeSample(to path: String) throws {
    try HDF5File.writeAtomically(to: path, overwrite: true) { file in
      let client = try file.createDimension("client", values: (0..<100).map { Int32($0) })
      try file.write(
        "x", (0..<100).map(Float.init), axes: [client], storage: .compressed, missingAsNaN: true)
      try file.setAttribute("title", "sample")
    }
  }

  @Test func objectsAreReleased() throws {
    try withTemporaryFolder { folder in
      let file = try HDF5File.create(folder + "/file.h5")
      let atFirst = try file.openObjectCount()
      do {
        let group = try file.createGroup("a")
        let axis = try group.createDimension("axis", values: ["a", "b"])
        let dataset = try group.write(
          "x", [Float(1), 2], axes: [axis], storage: .compressed, missingAsNaN: true)
        try #expect(file.openObjectCount() > atFirst)
        _ = try dataset.axisNames()
        _ = try dataset.read(as: Float.self)
        try group.setAttribute("list", ["a"])
        _ = try group.attributes("list", as: String.self)
        _ = errorLine { _ = try dataset.read(as: Double.self) }
        _ = errorLine { _ = try file.group("a/x") }
        _ = errorLine { _ = try group.dimension("x") }
        withExtendedLifetime((group, axis, dataset)) {}
      }
      try #expect(file.openObjectCount() == atFirst)
    }
  }

  @Test func aFileClosesOnceAndItsObjectsSaySo() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/file.h5"
      let file = try HDF5File.create(path)
      let dataset = try file.write("x", [Float(1)], shape: [1])
      try file.close()
      try file.close()
      let line = "\(path): the file is already closed"
      #expect(errorLine { _ = try dataset.read(as: Float.self) } == line)
      #expect(errorLine { try file.write("y", Float(1)) } == line)
      #expect(errorLine { try file.flush() } == line)
    }
  }

  @Test func anObjectKeepsItsFileOpen() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/file.h5"
      try writeSample(to: path)
      let dataset = try HDF5File.openForReading(path).dataset("x")
      try #expect(dataset.readRows(3..<4, as: Float.self) == [3])
    }
  }

  @Test func twoOpeningsAreIndependent() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/file.h5"
      try writeSample(to: path)
      let first = try HDF5File.openForReading(path)
      let second = try HDF5File.openForReading(path)
      let dataset = try second.dataset("x")
      try first.close()
      try #expect(dataset.readRows(3..<4, as: Float.self) == [3])
    }
  }

  /// What is on the disk after a flush is what a killed process leaves behind.
  @Test func aFlushedFileIsReadable() throws {
    try withTemporaryFolder { folder in
      let file = try HDF5File.create(folder + "/file.h5")
      let client = try file.createDimension("client", values: [0, 1])
      try file.write("x", [Float(1), 2], axes: [client], storage: .compressed)
      try file.flush()
      try FileManager.default.copyItem(
        atPath: folder + "/file.h5", toPath: folder + "/left-behind.h5")
      let copy = try HDF5File.openForReading(folder + "/left-behind.h5")
      try #expect(copy.read("x", as: Float.self) == [1, 2])
      try #expect(copy.dataset("x").axisNames() == ["client"])
    }
  }

  @Test func createReplacesOnlyWhenTold() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/file.h5"
      try writeSample(to: path)
      #expect(
        errorLine { _ = try HDF5File.create(path) }
          == "\(path) already exists; add --overwrite to replace it")
      try #expect(HDF5File.openForReading(path).exists("x"))
      _ = try HDF5File.create(path, overwrite: true)
      try #expect(HDF5File.openForReading(path).childNames() == [])
    }
  }

  @Test func whatIsNoHDF5FileIsNamed() throws {
    try withTemporaryFolder { folder in
      func line(_ path: String) -> String? {
        errorLine { _ = try HDF5File.openForReading(path) }
      }
      let missing = folder + "/missing.h5"
      #expect(line(missing) == "\(missing): found no such file; expected an HDF5 file")
      #expect(line(folder) == "\(folder): found a folder; expected an HDF5 file")
      for (name, content) in [("empty", Data()), ("text", Data("not a table\n".utf8))] {
        let path = "\(folder)/\(name).h5"
        try content.write(to: URL(fileURLWithPath: path))
        #expect(line(path) == "\(path): found no HDF5 signature; expected an HDF5 file")
        #expect(!HDF5File.isHDF5(path))
      }
      #expect(!HDF5File.isHDF5(missing))
      #expect(!HDF5File.isHDF5(folder))
      try writeSample(to: folder + "/real.h5")
      #expect(HDF5File.isHDF5(folder + "/real.h5"))
    }
  }

  @Test func everyTruncationIsNoticed() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/file.h5"
      try writeSample(to: path)
      let whole = try bytes(of: path)
      let truncated = folder + "/truncated.h5"
      for length in stride(from: 0, to: whole.count, by: 37) {
        try whole.prefix(length).write(to: URL(fileURLWithPath: truncated))
        let line = errorLine { _ = try HDF5File.openForReading(truncated) }
        #expect(line?.hasPrefix(truncated + ": ") == true, "\(length) bytes")
        #expect(line?.contains("\n") == false)
        if length >= 48 {
          #expect(
            line?.contains("truncated or damaged (libhdf5: truncated file") == true,
            "\(length) bytes")
        }
      }
    }
  }

  @Test func damagedChunksAreNoticed() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/file.h5"
      let values = (0..<4096).map { Int32(truncatingIfNeeded: $0 &* 2_654_435_761) }
      try HDF5File.writeAtomically(to: path, overwrite: false) {
        try $0.write("x", values, shape: [4096], storage: .compressed)
      }
      var content = try bytes(of: path)
      // The deflated chunk takes most of the file; a zlib stream ends in a checksum.
      let middle = content.count * 2 / 3
      content.replaceSubrange(middle..<middle + 64, with: Data(repeating: 0xA5, count: 64))
      try content.write(to: URL(fileURLWithPath: path))
      let file = try HDF5File.openForReading(path)
      #expect(
        errorLine { _ = try file.read("x", as: Int32.self) }?.hasPrefix(
          "\(path): /x: cannot read the dataset (libhdf5: ") == true)
    }
  }

  /// A libhdf5 that is itself thread safe would hide a missing lock from the test below.
  @Test func oneThreadAtATimeIsInTheLibrary() {
    nonisolated(unsafe) var count = 0
    onThreads(16) { _ in
      for _ in 0..<2_000 {
        withLibrary {
          let before = count
          withLibrary { _ = sched_yield() }
          count = before + 1
        }
      }
    }
    #expect(count == 32_000)
  }

  @Test func manyThreadsEachWithTheirFile() throws {
    try withTemporaryFolder { folder in
      // Collected here, because issues recorded on another thread belong to no test.
      let results = Guarded<[Int: [Float]]>([:])
      let lines = Guarded<[String?]>([])
      onThreads(32) { index in
        let path = "\(folder)/\(index).h5"
        let line = errorLine {
          for pass in 0..<3 {
            try HDF5File.writeAtomically(to: path, overwrite: true) { file in
              let client = try file.createDimension("client", values: (0..<50).map { Int32($0) })
              try file.write(
                "x", (0..<50).map { Float($0 + index + pass) }, axes: [client],
                storage: .compressed)
              _ = errorLine { try file.write("x", Float(1)) }
            }
            let file = try HDF5File.openForReading(path)
            let values = try file.read("x", as: Float.self)
            results.withLock { $0[index] = values }
            let missing = errorLine { _ = try file.dataset("y") }
            lines.withLock { $0.append(missing) }
          }
        }
        if line != nil { lines.withLock { $0.append(line) } }
      }
      let found = results.withLock { $0 }
      for index in 0..<32 { #expect(found[index] == (0..<50).map { Float($0 + index + 2) }) }
      let suffix = ": /y: found no object at /y; expected a dataset"
      #expect(lines.withLock { $0.filter { $0?.hasSuffix(suffix) == true }.count } == 96)
      #expect(lines.withLock { $0.count } == 96)
    }
  }
}

/// Runs `body` on this many threads at once, and waits for them.
private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let group = DispatchGroup()
  for index in 0..<count {
    group.enter()
    Thread.detachNewThread {
      body(index)
      group.leave()
    }
  }
  group.wait()
}

func bytes(of path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }
