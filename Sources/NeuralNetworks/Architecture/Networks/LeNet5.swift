extension NetworkDescription {
  /// LeNet-5 (LeCun et al., Proc. IEEE 1998) with ReLU and maximum pooling, as the field trains it: Conv(5×5, 6) – [BN] –
  /// ReLU – pool – Conv(5×5, 16) – [BN] – ReLU – pool – FC 120 – ReLU – FC 84 – ReLU – FC classes. Images of 28 × 28
  /// pixels get two zeros all around first, as in the original; 61,706 parameters on MNIST.
  ///
  /// Layers: conv1, [bn1], conv2, [bn2], fc1, fc2, fc3. It needs images of at least 16 × 16 pixels.
  public static let leNet5 = NetworkDescription(
    name: "lenet5", summary: "LeNet-5 with ReLU and maximum pooling"
  ) { input in
    [Architecture.Block].pooledConvolution(
      name: "conv1", outChannels: 6, kernelSize: 5,
      padding: input.height == 28 && input.width == 28 ? 2 : 0,
      batchNormalisation: input.batchNormalisation ? "bn1" : nil)
      + [Architecture.Block].pooledConvolution(
        name: "conv2", outChannels: 16, kernelSize: 5,
        batchNormalisation: input.batchNormalisation ? "bn2" : nil)
      + [
        .fullyConnected(name: "fc1", outFeatures: 120), .relu,
        .fullyConnected(name: "fc2", outFeatures: 84), .relu,
        .fullyConnected(name: "fc3", outFeatures: input.classCount),
      ]
  }
}
