extension NetworkDescription {
  /// The 2NN of FedAvg (McMahan et al., AISTATS 2017): FC 200 – ReLU – FC 200 – ReLU – FC classes; 199,210 parameters on
  /// MNIST.
  ///
  /// Layers: fc1, fc2, fc3.
  public static let mlp = NetworkDescription(
    name: "mlp", summary: "two hidden layers of 200, the 2NN of FedAvg's paper",
    hasConvolutions: false
  ) { input in
    [
      .fullyConnected(name: "fc1", outFeatures: 200), .relu,
      .fullyConnected(name: "fc2", outFeatures: 200), .relu,
      .fullyConnected(name: "fc3", outFeatures: input.classCount),
    ]
  }
}
