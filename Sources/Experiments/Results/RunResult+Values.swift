import Datasets
import FederatedLearning

extension RunResult {
  /// A result with given values, without a file, for tests of what results are used for.
  package init(
    method: String, methodTitle: String? = nil, reported: EvaluatedModel = .received,
    dataset: String, origin: DatasetOrigin = .published,
    partitionScheme: String = "classes-per-client", partitionSHA256: String = "", seed: UInt64 = 0,
    codeVersion: String = CodeVersion.current, numericsVersion: Int = CodeVersion.numerics,
    path: String = "",
    datasetSHA256: String = "", layers: [String], trainCounts: [Int32],
    testCounts: [Int32], labelCounts: [[Int32]], record: RunRecord,
    resolvedSpecification: [(key: String, value: String)] = []
  ) {
    self.path = path
    self.numericsVersion = numericsVersion
    inputs = RunInputs(
      path: path, dataset: RunInputs.dataset(resolvedSpecification), datasetSHA256: datasetSHA256,
      files: [], partitionSHA256: partitionSHA256)
    isSealed = true
    numbersSHA256 = nil
    classNames = []
    testClassCounts = []
    self.method = method
    self.methodTitle = methodTitle ?? method
    self.reported = reported
    self.dataset = dataset
    self.origin = origin
    self.partitionScheme = partitionScheme
    self.partitionSHA256 = partitionSHA256
    self.seed = seed
    self.codeVersion = codeVersion
    self.layers = layers
    self.trainCounts = trainCounts
    self.testCounts = testCounts
    self.labelCounts = labelCounts
    self.record = record
    newClients = nil
    self.resolvedSpecification = resolvedSpecification
  }
}
