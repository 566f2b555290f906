extension NetworkDescription {
  /// The paper's client model, inferred from the byte counts of its Table 3:
  /// Conv(5×5, 16) – [BN] – ReLU – pool – Conv(5×5, 32) – [BN] – ReLU – pool – FC 120 – ReLU –
  /// FC 84 – ReLU – FC classes. The paper normalises on CIFAR only.
  ///
  /// Layers: conv1, [bn1], conv2, [bn2], fc1, fc2, fc3. It needs images of at least 16 × 16 pixels.
  public static let paperCNN = NetworkDescription(
    name: "paper-cnn", summary: "the paper's client model"
  ) { input in
    [Architecture.Block].pooledConvolution(
      name: "conv1", outChannels: 16, kernelSize: 5,
      batchNormalisation: input.batchNormalisation ? "bn1" : nil)
      + [Architecture.Block].pooledConvolution(
        name: "conv2", outChannels: 32, kernelSize: 5,
        batchNormalisation: input.batchNormalisation ? "bn2" : nil)
      + [
        .fullyConnected(name: "fc1", outFeatures: 120), .relu,
        .fullyConnected(name: "fc2", outFeatures: 84), .relu,
        .fullyConnected(name: "fc3", outFeatures: input.classCount),
      ]
  }
}
