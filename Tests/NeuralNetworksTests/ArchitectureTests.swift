import NeuralNetworks
import RandomStreams
import TestSupport
import Testing

@Suite("Architectures and initial parameters")
struct ArchitectureTests {
  @Test(
    "architectures that cannot be built say why",
    arguments: [
      (
        (1, 8, 8), [Architecture.Block.fullyConnected(name: "fc1", outFeatures: 3), .relu],
        "model: the last block must be fully connected; it gives the class scores, the present one gives 3 features"
      ),
      (
        (1, 4, 4),
        [
          .convolution(name: "conv1", outChannels: 2, kernelSize: 5),
          .fullyConnected(name: "fc1", outFeatures: 3),
        ],
        "model: conv1: a kernel of 5×5 does not fit images of 1×4×4 (channels × rows × columns)"
      ),
      (
        (1, 8, 8),
        [
          .fullyConnected(name: "fc1", outFeatures: 3), .relu,
          .fullyConnected(name: "fc1", outFeatures: 3),
        ], "model: two layers are named fc1"
      ),
      (
        (1, 8, 8),
        [
          .residual([
            .convolution(name: "a", outChannels: 1, kernelSize: 3, padding: 1),
            .batchNormalisation(name: "a"),
          ]), .fullyConnected(name: "fc1", outFeatures: 3),
        ], "model: two layers are named a"
      ),
      (
        (1, 8, 8),
        [
          .fullyConnected(name: "fc1", outFeatures: 3), .relu,
          .convolution(name: "conv1", outChannels: 2, kernelSize: 3),
          .fullyConnected(name: "fc2", outFeatures: 3),
        ],
        "model: conv1: found 3 features, expected an image: it comes after a fully connected layer"
      ),
      (
        (3, 8, 8),
        [
          .residual([.convolution(name: "a", outChannels: 4, kernelSize: 3, padding: 1)]),
          .fullyConnected(name: "b", outFeatures: 3),
        ],
        "model: residual block: its blocks give 4×8×8 (channels × rows × columns), expected 3×8×8 (channels × rows "
          + "× columns), the shape that they are given: the two are added"
      ),
      (
        (3, 8, 8),
        [.groupNormalisation(name: "g", groups: 2), .fullyConnected(name: "b", outFeatures: 3)],
        "model: g: 3 channels do not make 2 groups of equal size"
      ),
      (
        (3, 8, 6), [.averagePooling(size: nil), .fullyConnected(name: "b", outFeatures: 3)],
        "model: average pooling: images of 3×8×6 (channels × rows × columns) are not square: give the pooling a size"
      ),
      (
        (3, 3, 3), [.maximumPooling(size: 4), .fullyConnected(name: "b", outFeatures: 3)],
        "model: maximum pooling: squares of 4×4 do not fit images of 3×3×3 (channels × rows × columns)"
      ),
      (
        (3, 3, 3), [.dropout(rate: 1), .fullyConnected(name: "b", outFeatures: 3)],
        "model: dropout: found a rate of 1.0, expected 0 or more, less than 1"
      ),
      (
        (1, 3, 3),
        [
          .convolution(name: "a", outChannels: 1, kernelSize: 3, padding: 3),
          .fullyConnected(name: "b", outFeatures: 3),
        ], "model: a: found a padding of 3, expected 0 … 2, less than the kernel"
      ),
      (
        (0, 8, 8), [.fullyConnected(name: "fc1", outFeatures: 3)],
        "model: an input of 0×8×8 is empty"
      ),
    ])
  func rejected(input: (Int, Int, Int), blocks: [Architecture.Block], message: String) {
    let error = #expect(throws: ArchitectureError.self) {
      try Architecture(
        inputChannels: input.0, inputHeight: input.1, inputWidth: input.2, blocks: blocks)
    }
    #expect(error?.description == message)
  }

  /// The paper's CNN on CIFAR-10.
  private static func paperLayout() throws -> ParameterLayout {
    ParameterLayout(
      try NetworkDescription.paperCNN.architecture(
        NetworkInput(channels: 3, height: 32, width: 32, classCount: 10, batchNormalisation: true))
    )
  }

  @Test("initial parameters fill PyTorch's bounds and depend on the seed alone")
  func initialParameters() throws {
    let layout = try Self.paperLayout()
    let parameters = layout.initialParameters(seed: 7)
    #expect(parameters == layout.initialParameters(seed: 7))
    #expect(parameters != layout.initialParameters(seed: 8))
    for layer in layout.layers {
      for tensor in layer.tensors {
        let values = parameters[tensor.range]
        switch (tensor.name, tensor.fanIn) {
        case ("weight", 0), ("running_var", _): #expect(values.allSatisfy { $0 == 1 })
        case (_, 0): #expect(values.allSatisfy { $0 == 0 })
        case (_, let fanIn):
          let bound = 1 / Float(fanIn).squareRoot()
          #expect(values.allSatisfy { abs($0) <= bound })
          guard values.count > 100 else { continue }
          // A uniform distribution reaches close to its bounds and has variance bound² / 3.
          #expect((values.max() ?? 0) > 0.95 * bound && (values.min() ?? 0) < -0.95 * bound)
          let variance = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
          #expect(abs(variance / (bound * bound / 3) - 1) < 0.2)
        }
      }
    }
  }

  @Test("Glorot's rule takes the same draws with its own bounds for weights")
  func glorot() throws {
    let layout = try Self.paperLayout()
    let usual = layout.initialParameters(seed: 7)
    let glorot = layout.initialParameters(seed: 7, .glorot)
    // fan_in and fan_out: 3·5·5 and 16·5·5, 16·5·5 and 32·5·5, 800 and 120, 120 and 84, 84 and 10.
    let fans: [String: (Float, Float)] = [
      "conv1": (75, 400), "conv2": (400, 800), "fc1": (800, 120), "fc2": (120, 84),
      "fc3": (84, 10),
    ]
    for layer in layout.layers {
      for tensor in layer.tensors {
        let (values, drawn) = (glorot[tensor.range], usual[tensor.range])
        guard tensor.name == "weight", let (fanIn, fanOut) = fans[layer.name] else {
          #expect(values == drawn, "\(layer.name).\(tensor.name)")
          continue
        }
        let factor = (6 * fanIn / (fanIn + fanOut)).squareRoot()
        expectClose(
          Array(values), drawn.map { factor * $0 }, absolute: 1e-6, "weights of \(layer.name)")
      }
    }
  }
}
