// EMNIST: handwritten digits and letters in six arrangements, all in one archive. The images are
// stored with x and y swapped.
extension DatasetDescription {
  static let emnistByClass = emnist(
    "byclass", title: "EMNIST ByClass", classNames: digits + upperCase + lowerCase,
    trainImages: 697_932, testImages: 116_323,
    testImageFile: PublishedFile(
      "emnist-byclass-test-images-idx3-ubyte",
      sha256: "385559d7d5c96f49cd6b55b3e9e76d7ecbf568897b6067e8cac8f1ffc2f50f81",
      gzipSHA256: "5ec835bd5d5b1a66378a132e727fef20fe994b3cc666899befcca5ac766f50cd"),
    testLabelFile: PublishedFile(
      "emnist-byclass-test-labels-idx1-ubyte",
      sha256: "842d01413932b3ce7afbc9990376a16f8880a212bb42d66fa2922b4218cf300a",
      gzipSHA256: "501e305eeeacb093b162592d80e8a2632040872360fa6d85cfcb2200d91ca92a"))

  static let emnistByMerge = emnist(
    "bymerge", title: "EMNIST ByMerge", classNames: digits + upperCase + unmergedLowerCase,
    trainImages: 697_932, testImages: 116_323)

  static let emnistBalanced = emnist(
    "balanced", title: "EMNIST Balanced", classNames: digits + upperCase + unmergedLowerCase,
    trainImages: 112_800, testImages: 18_800)

  /// Upper and lower case share a class; the labels start at 1.
  static let emnistLetters = emnist(
    "letters", title: "EMNIST Letters", classNames: upperCase, firstLabel: 1,
    trainImages: 124_800, testImages: 20_800)

  static let emnistDigits = emnist(
    "digits", title: "EMNIST Digits", classNames: digits, trainImages: 240_000,
    testImages: 40_000)

  static let emnistMNIST = emnist(
    "mnist", title: "EMNIST MNIST", classNames: digits, trainImages: 60_000, testImages: 10_000,
    testImageFile: PublishedFile(
      "emnist-mnist-test-images-idx3-ubyte",
      sha256: "0a5442aeabc1ec6cf0a8335d81debf853b46a7570f5d93805a4d6ef8b7281063",
      gzipSHA256: "b25640fa9e356c618132f5df347c95ef5bae6d9c2596be1de40f7e0ae1c3eac6"),
    testLabelFile: PublishedFile(
      "emnist-mnist-test-labels-idx1-ubyte",
      sha256: "a0ffd2d4ce92418e020d53cf36f2b6c154c4f59344098a5e8d3c6e588109f0a0",
      gzipSHA256: "bcc5385d38f083dba046f5f756e99b32f5ea7fad122c6243c71c2239873065ca"))

  private static let digits = (0...9).map(String.init)
  private static let upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".map(String.init)
  private static let lowerCase = "abcdefghijklmnopqrstuvwxyz".map(String.init)
  /// The small letters that do not look like their capitals.
  private static let unmergedLowerCase = "abdefghnqrt".map(String.init)

  private static func emnist(
    _ arrangement: String, title: String, classNames: [String], firstLabel: Int = 0,
    trainImages: Int, testImages: Int, testImageFile: PublishedFile? = nil,
    testLabelFile: PublishedFile? = nil
  ) -> DatasetDescription {
    let name = "emnist-\(arrangement)"
    return DatasetDescription(
      name: name,
      title: title,
      folder: "emnist",
      classNames: classNames,
      channels: 1, height: 28, width: 28,
      layout: .idx(firstLabel: firstLabel, isTransposed: true),
      splits: [
        PublishedSplit(
          "train", imageCount: trainImages,
          files: [
            PublishedFile("\(name)-train-images-idx3-ubyte"),
            PublishedFile("\(name)-train-labels-idx1-ubyte"),
          ]),
        PublishedSplit(
          "test", imageCount: testImages,
          files: [
            testImageFile ?? PublishedFile("\(name)-test-images-idx3-ubyte"),
            testLabelFile ?? PublishedFile("\(name)-test-labels-idx1-ubyte"),
          ]),
      ],
      source: .archive(
        PublishedArchive(
          address: "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
          md5: "58c8d27c78d21e728a6bc7b3cc06412e",
          format: .zip, memberFolder: "gzip/", memberSuffix: ".gz",
          mostBytes: 600_000_000)),
      citation: """
        G. Cohen, S. Afshar, J. Tapson, A. van Schaik. EMNIST: extending MNIST to handwritten \
        letters. IJCNN 2017. DOI 10.1109/IJCNN.2017.7966217.
        """,
      defaults: ExperimentDefaults(heatMapLayer: "fc1"),
      family: DatasetFamily(name: "emnist", title: "EMNIST"))
  }
}
