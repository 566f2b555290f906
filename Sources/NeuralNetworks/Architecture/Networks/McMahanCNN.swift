extension NetworkDescription {
  /// The CNN of FedAvg (McMahan et al., AISTATS 2017): Conv(5×5, 32, padding 2) – [BN] – ReLU – pool –
  /// Conv(5×5, 64, padding 2) – [BN] – ReLU – pool – FC 512 – ReLU – FC classes; 1,663,370 parameters on MNIST.
  ///
  /// Layers: conv1, [bn1], conv2, [bn2], fc1, fc2. It needs images of at least 4 × 4 pixels.
  public static let mcMahanCNN = NetworkDescription(
    name: "mcmahan-cnn", summary: "5×5 convolutions of 32 and 64, the CNN of FedAvg's paper"
  ) { input in
    [Architecture.Block].pooledConvolution(
      name: "conv1", outChannels: 32, kernelSize: 5, padding: 2,
      batchNormalisation: input.batchNormalisation ? "bn1" : nil)
      + [Architecture.Block].pooledConvolution(
        name: "conv2", outChannels: 64, kernelSize: 5, padding: 2,
        batchNormalisation: input.batchNormalisation ? "bn2" : nil)
      + [
        .fullyConnected(name: "fc1", outFeatures: 512), .relu,
        .fullyConnected(name: "fc2", outFeatures: input.classCount),
      ]
  }
}
