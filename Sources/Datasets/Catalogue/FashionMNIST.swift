extension DatasetDescription {
  /// FashionMNIST: 70,000 grey images of clothes, in MNIST's layout and file names.
  static let fashionMNIST = DatasetDescription(
    name: "fashion-mnist",
    title: "FashionMNIST",
    folder: "fashion-mnist",
    classNames: [
      "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
      "Ankle boot",
    ],
    channels: 1, height: 28, width: 28,
    layout: .idx(firstLabel: 0, isTransposed: false),
    splits: [
      PublishedSplit(
        "train", imageCount: 60_000,
        files: [
          PublishedFile(
            "train-images-idx3-ubyte",
            sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            gzipSHA256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
          PublishedFile(
            "train-labels-idx1-ubyte",
            sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            gzipSHA256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        ]),
      PublishedSplit(
        "test", imageCount: 10_000,
        files: [
          PublishedFile(
            "t10k-images-idx3-ubyte",
            sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            gzipSHA256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
          PublishedFile(
            "t10k-labels-idx1-ubyte",
            sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            gzipSHA256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ]),
    ],
    source: .files(
      baseAddress: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
    citation: """
      H. Xiao, K. Rasul, R. Vollgraf. Fashion-MNIST: a novel image dataset for benchmarking machine \
      learning algorithms. 2017. arXiv:1708.07747.
      """,
    defaults: ExperimentDefaults(heatMapLayer: "fc1"))
}
