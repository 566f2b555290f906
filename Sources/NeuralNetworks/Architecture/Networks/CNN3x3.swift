extension NetworkDescription {
  /// The CNN with dropout of Adaptive Federated Optimization (Reddi et al., ICLR 2021), which pfl-research's CIFAR-10
  /// benchmark trains too: Conv(3×3, 32) – [BN] – ReLU – Conv(3×3, 64) – [BN] – ReLU – pool – dropout ¼ – FC 128 – ReLU –
  /// dropout ½ – FC classes; 1,199,882 parameters on MNIST.
  ///
  /// Layers: conv1, [bn1], conv2, [bn2], fc1, fc2. It needs images of at least 6 × 6 pixels.
  public static let cnn3x3 = NetworkDescription(
    name: "cnn-3x3", summary: "3×3 convolutions of 32 and 64 with dropout"
  ) { input in
    [Architecture.Block].activatedConvolution(
      name: "conv1", outChannels: 32, kernelSize: 3,
      batchNormalisation: input.batchNormalisation ? "bn1" : nil)
      + [Architecture.Block].pooledConvolution(
        name: "conv2", outChannels: 64, kernelSize: 3,
        batchNormalisation: input.batchNormalisation ? "bn2" : nil)
      + [
        .dropout(rate: 0.25),
        .fullyConnected(name: "fc1", outFeatures: 128), .relu, .dropout(rate: 0.5),
        .fullyConnected(name: "fc2", outFeatures: input.classCount),
      ]
  }
}
