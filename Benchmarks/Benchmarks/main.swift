import CBenchmarkKernels
import NeuralNetworks
import Dispatch

func seconds(_ body: () throws -> Void) rethrows -> Double {
  let start = DispatchTime.now().uptimeNanoseconds
  try body()
  return Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
}
func median(_ v: [Double]) -> Double { v.sorted()[v.count / 2] }

for (name, channels, side, bn) in [("cifar", 3, 32, true), ("emnist", 1, 28, false)] {
  let a = try Architecture.paperCNN(inputChannels: channels, inputHeight: side, inputWidth: side, classCount: 10, batchNormalisation: bn)
  let plans = try NetworkPlans(architecture: a, batchSize: 32)
  let network = try Network(plans: plans)
  let n = 420
  var pixels = [UInt8](repeating: 0, count: n * a.inputSize)
  for i in pixels.indices { pixels[i] = UInt8(truncatingIfNeeded: i &* 2654435761 >> 13) }
  let images = try LabelledImages(pixels: pixels, labels: (0..<n).map { Int32($0 % 10) }, imageSize: a.inputSize, scaling: .symmetric)
  var p = [Float](repeating: 0, count: plans.layout.count)
  for i in p.indices { p[i] = Float((i &* 7919) % 1000) / 1000 * 0.1 - 0.05 }
  try network.load(p)
  let opt = StochasticGradientDescent(learningRate: 0.01)
  for b in [32, 4] {
    let order = (0..<Int32(b)).map { $0 }
    var steps: [Double] = [], peaks: [Double] = []
    for _ in 0..<15 {
      steps.append(try seconds { for _ in 0..<20 { _ = try network.computeGradient(order[...], of: images); try network.descend(opt) } } / 20)
      var ops = 0.0
      let t = seconds { ops = peak_multiply_adds(1_000_000) }
      peaks.append(ops / t)
    }
    let hw = side - 4, p1 = hw / 2, hw2 = p1 - 4, p2 = hw2 / 2
    let c1 = Double(hw * hw * 16 * 25 * channels * 2 * b), c2 = Double(hw2 * hw2 * 32 * 400 * 2 * b)
    let fc = Double((p2 * p2 * 32 * 120 + 120 * 84 + 840) * 2 * b)
    let flops = 2 * c1 + 3 * c2 + 3 * fc
    print(name, b, median(steps) * 1e3, "ms", flops / median(steps) / median(peaks), "of", median(peaks) / 1e9)
  }
}
