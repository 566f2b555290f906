import NeuralNetworks
import Support
import Testing

@Suite("Worker pool")
struct WorkerPoolTests {
  @Test("every task runs once", arguments: [1, 2, 5])
  func everyTaskOnce(workers: Int) throws {
    let pool = try WorkerPool(workerCount: workers)
    for count in [0, 1, 3, 100] {
      let runs = Runs()
      try pool.run(count: count) { index, worker in
        #expect((0..<workers).contains(worker))
        runs.counts.withLock { $0[index, default: 0] += 1 }
      }
      #expect(
        runs.counts.withLock { $0 } == Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, 1) })
      )
    }
  }

  @Test("the error of the lowest failing task is thrown, and the pool works on")
  func failure() throws {
    let pool = try WorkerPool(workerCount: 3)
    for _ in 0..<50 {
      let error = #expect(throws: Failure.self) {
        try pool.run(count: 40) { index, _ in if index % 7 == 5 { throw Failure(index: index) } }
      }
      #expect(error?.index == 5)
    }
    let runs = Runs()
    try pool.run(count: 10) { index, _ in runs.counts.withLock { $0[index] = 1 } }
    #expect(runs.counts.withLock { $0.count } == 10)
  }

  private final class Runs: Sendable { let counts = Guarded<[Int: Int]>([:]) }
  private struct Failure: Error { let index: Int }
}
