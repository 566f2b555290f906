extension DatasetDescription {
  /// MNIST: 70,000 handwritten digits. The address is the mirror that its users share since the
  /// authors' page closed; the files are the authors'.
  static let mnist = DatasetDescription(
    name: "mnist",
    title: "MNIST",
    folder: "mnist",
    classNames: (0...9).map(String.init),
    channels: 1, height: 28, width: 28,
    layout: .idx(firstLabel: 0, isTransposed: false),
    splits: [
      PublishedSplit(
        "train", imageCount: 60_000,
        files: [
          PublishedFile(
            "train-images-idx3-ubyte",
            sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            gzipSHA256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
          PublishedFile(
            "train-labels-idx1-ubyte",
            sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            gzipSHA256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        ]),
      PublishedSplit(
        "test", imageCount: 10_000,
        files: [
          PublishedFile(
            "t10k-images-idx3-ubyte",
            sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            gzipSHA256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
          PublishedFile(
            "t10k-labels-idx1-ubyte",
            sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            gzipSHA256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ]),
    ],
    source: .files(baseAddress: "https://ossci-datasets.s3.amazonaws.com/mnist/"),
    citation: """
      Y. LeCun, L. Bottou, Y. Bengio, P. Haffner. Gradient-based learning applied to document \
      recognition. Proceedings of the IEEE 86(11), 1998. DOI 10.1109/5.726791.
      """)
}
