import NeuralNetworks
import Testing

@Suite("Registered networks")
struct NetworkRegistryTests {
  /// Trained parameters on MNIST as the networks' papers and authors' code count them.
  @Test(
    "parameters on MNIST",
    arguments: [
      ("mlp", 199_210), ("mcmahan-cnn", 1_663_370), ("lenet5", 61_706), ("cnn-3x3", 1_199_882),
    ])
  func counts(name: String, count: Int) throws {
    let network = try #require(NetworkRegistry.network(named: name))
    let layout = ParameterLayout(
      try network.architecture(NetworkInput(channels: 1, height: 28, width: 28, classCount: 10)))
    #expect(layout.trainedCount == count)
  }

  @Test("every network takes CIFAR's images, with batch normalisation where it has convolutions")
  func cifar() throws {
    for network in NetworkRegistry.all {
      let input = NetworkInput(
        channels: 3, height: 32, width: 32, classCount: 100,
        batchNormalisation: network.hasConvolutions)
      let layout = ParameterLayout(try network.architecture(input))
      #expect(layout.layers.contains { $0.isBatchNormalisation } == network.hasConvolutions)
      #expect(layout.tensors.last?.shape == [100])
    }
  }

  @Test("batch normalisation without convolutions is refused")
  func refused() throws {
    let error = #expect(throws: ArchitectureError.self) {
      try NetworkDescription.mlp.architecture(
        NetworkInput(
          channels: 1, height: 28, width: 28, classCount: 10, batchNormalisation: true))
    }
    #expect(
      error?.description
        == "model: mlp has no convolutions to normalise: set model.batch_normalisation to false")
  }
}
