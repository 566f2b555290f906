import FederatedLearning

extension SeriesLook {
  /// The paper's own methods have wider lines and the first looks.
  static let papersOwn = ["pfedla", "heurpfedla"]

  /// The look of a method, the same in every picture: the paper's own methods first, then all others in the
  /// order of the registry.
  /// - Parameters:
  ///   - name: the method's name in the registry.
  ///   - fallback: the look of a series that is no method.
  ///   - variant: which of several series of the method, from 0.
  init(method name: String, else fallback: Int, variant: Int = 0) {
    let names = Self.papersOwn + MethodRegistry.names.filter { !Self.papersOwn.contains($0) }
    self.init(
      names.firstIndex(of: name) ?? fallback, variant: variant,
      width: Self.papersOwn.contains(name) ? 3 : 1.6)
  }
}
