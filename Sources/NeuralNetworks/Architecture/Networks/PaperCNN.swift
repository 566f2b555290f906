extension NetworkDescription {
  /// The paper's client model, inferred from the byte counts of its Table 3:
  /// Conv(5×5, 16) – [BN] – ReLU – pool – Conv(5×5, 32) – [BN] – ReLU – pool – FC 120 – ReLU –
  /// FC 84 – ReLU – FC `classCount`. The paper normalises on CIFAR only.
  ///
  /// Layers: conv1, [bn1], conv2, [bn2], fc1, fc2, fc3. It needs images of at least 16 × 16 pixels.
  public static let paperCNN = NetworkDescription(
    name: "paper-cnn", summary: "the paper's client model"
  ) { classCount, batchNormalisation in
    [
      .convolution(
        name: "conv1", outChannels: 16, kernelSize: 5,
        batchNormalisation: batchNormalisation ? "bn1" : nil),
      .convolution(
        name: "conv2", outChannels: 32, kernelSize: 5,
        batchNormalisation: batchNormalisation ? "bn2" : nil),
      .fullyConnected(name: "fc1", outFeatures: 120, relu: true),
      .fullyConnected(name: "fc2", outFeatures: 84, relu: true),
      .fullyConnected(name: "fc3", outFeatures: classCount, relu: false),
    ]
  }
}
