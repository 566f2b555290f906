import FederatedLearning
import Testing

@Suite("Learning-rate schedules")
struct LearningRateScheduleTests {
  @Test("the rate stays constant by default")
  func constant() {
    #expect(
      [1, 7, 1000].map { LearningRateSchedule.constant.rate(0.1, round: $0) } == [0.1, 0.1, 0.1])
  }

  @Test("steps come after whole numbers of rounds")
  func step() {
    let schedule = LearningRateSchedule(.step, rounds: 3, factor: 0.5)
    #expect(
      (1...8).map { schedule.rate(0.8, round: $0) } == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2])
    #expect(schedule.rate(0.8, round: .max) == 0)
  }

  @Test("half a wave of a cosine falls from the rate to nearly 0, and stays there")
  func cosine() {
    let schedule = LearningRateSchedule(.cosine, rounds: 4)
    // (1 + cos(π k / 4)) / 2
    let expected: [Float] = [1, 0.853_553_4, 0.5, 0.146_446_6, 0.146_446_6]
    for (round, value) in zip(1..., expected) {
      #expect(abs(schedule.rate(1, round: round) - value) < 1e-6)
    }
  }
}
