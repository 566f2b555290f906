import RandomStreams

/// A random choice of `classesPerClient` different classes for every client, [client][class], in
/// which every class is chosen by as equal a number of clients as possible (the numbers differ by
/// one at most). The classes of a client stand in random order.
///
/// Each class starts with the number of clients that it is to have (which classes get one more is
/// random). Client by client, a class that all remaining clients need is taken; the other places
/// are drawn with the classes' remaining numbers as weights. A class never needs more clients than
/// remain, so the draw cannot run into a dead end.
///
/// `classesPerClient` must be in 1 ... `classCount`.
package func balancedClassChoice(
  clients: Int, classesPerClient: Int, classCount: Int, using stream: inout RandomStream
) -> [[Int]] {
  precondition((1...classCount).contains(classesPerClient), "impossible number of classes")
  let places = clients * classesPerClient
  var remaining = [Int](repeating: places / classCount, count: classCount)
  for index in stream.shuffled(0..<classCount).prefix(places % classCount) {
    remaining[index] += 1
  }
  return (0..<clients).map { client in
    var chosen = remaining.indices.filter { remaining[$0] == clients - client }
    var weights = remaining
    for index in chosen { weights[index] = 0 }
    while chosen.count < classesPerClient {
      var place = stream.integer(below: weights.reduce(0, +))
      let index = weights.firstIndex { weight in
        place -= weight
        return place < 0
      }
      guard let index else { preconditionFailure("a place lies within the sum of the weights") }
      chosen.append(index)
      weights[index] = 0
    }
    for index in chosen { remaining[index] -= 1 }
    stream.shuffle(&chosen)
    return chosen
  }
}
