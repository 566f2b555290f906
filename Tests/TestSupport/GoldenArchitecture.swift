import NeuralNetworks

extension GoldenNetwork {
  /// The same network for the engine.
  public func architecture() throws -> Architecture {
    try Architecture(
      inputChannels: input[0], inputHeight: input[1], inputWidth: input[2],
      blocks: blocks.flatMap { block -> [Architecture.Block] in
        switch block {
        case .convolution(let name, let outChannels, let kernel, let batchNormalisation):
          [Architecture.Block].pooledConvolution(
            name: name, outChannels: outChannels, kernelSize: kernel,
            batchNormalisation: batchNormalisation)
        case .fullyConnected(let name, let outFeatures, let relu):
          [.fullyConnected(name: name, outFeatures: outFeatures)] + (relu ? [.relu] : [])
        }
      })
  }

  /// The images and labels of a case: `count` hash-filled samples.
  public func images(pixelSalt: UInt32, labelSalt: UInt32, count: Int) throws -> LabelledImages {
    try LabelledImages(
      pixels: HashFill.pixels(salt: pixelSalt, size: imageSize, count: count),
      labels: HashFill.labels(salt: labelSalt, classes: classCount, count: count).map(Int32.init),
      imageSize: imageSize, scaling: .symmetric)
  }
}
