import RandomStreams

/// Splits the samples of one client into train and test, class by class.
///
/// Of n samples, n · `trainFraction` are for training, rounded to the nearest whole number (half
/// up), but at least one and at most n − 1. They come from the classes in proportion to the client's
/// samples by largest remainders, so train and test have the same distribution; which samples they
/// are is drawn from `stream`.
struct TrainTestSplit {
  /// The dataset indices to train on, ascending.
  let train: [Int32]
  /// The dataset indices to test on, ascending.
  let test: [Int32]

  /// Splits `samples` (dataset indices, two at least) by their `labels`, [sample of the dataset].
  init(
    samples: [Int32], labels: [Int32], classCount: Int, trainFraction: Double,
    using stream: inout RandomStream
  ) {
    var classes = [[Int32]](repeating: [], count: classCount)
    for index in samples.sorted() { classes[Int(labels[Int(index)])].append(index) }
    let nearest = Int((Double(samples.count) * trainFraction).rounded())
    let trainCount = min(max(nearest, 1), samples.count - 1)
    let shares = largestRemainderShares(of: trainCount, weights: classes.map { Double($0.count) })
    var train: [Int32] = []
    var test: [Int32] = []
    for (var members, share) in zip(classes, shares) {
      stream.shuffle(&members)
      train += members[..<share]
      test += members[share...]
    }
    self.train = train.sorted()
    self.test = test.sorted()
  }
}
