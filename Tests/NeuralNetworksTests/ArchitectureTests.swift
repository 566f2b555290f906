import NeuralNetworks
import RandomStreams
import Testing

@Suite("Architectures and initial parameters")
struct ArchitectureTests {
  @Test(
    "architectures that cannot be built say why",
    arguments: [
      (
        (1, 8, 8), [Architecture.Block.fullyConnected(name: "fc1", outFeatures: 3, relu: true)],
        "model: the last block must be fully connected without ReLU"
      ),
      (
        (1, 4, 4),
        [
          .convolution(name: "conv1", outChannels: 2, kernelSize: 5),
          .fullyConnected(name: "fc1", outFeatures: 3, relu: false),
        ], "model: conv1: images of 4×4 pixels are too small for its kernel"
      ),
      (
        (1, 8, 8),
        [
          .fullyConnected(name: "fc1", outFeatures: 3, relu: true),
          .fullyConnected(name: "fc1", outFeatures: 3, relu: false),
        ], "model: two layers are named fc1"
      ),
      (
        (1, 8, 8),
        [
          .fullyConnected(name: "fc1", outFeatures: 3, relu: true),
          .convolution(name: "conv1", outChannels: 2, kernelSize: 3),
        ], "model: convolution conv1 comes after a fully connected layer"
      ),
      (
        (0, 8, 8), [.fullyConnected(name: "fc1", outFeatures: 3, relu: false)],
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

  @Test("initial parameters fill PyTorch's bounds and depend on the seed alone")
  func initialParameters() throws {
    let layout = ParameterLayout(
      try NetworkDescription.paperCNN.architecture(
        inputChannels: 3, inputHeight: 32, inputWidth: 32, classCount: 10, batchNormalisation: true)
    )
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
}
