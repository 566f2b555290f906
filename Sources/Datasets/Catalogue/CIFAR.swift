// CIFAR-10 and CIFAR-100: 60,000 colour images each, binary version.
extension DatasetDescription {
  static let cifar10 = DatasetDescription(
    name: "cifar10",
    title: "CIFAR-10",
    folder: "cifar-10-batches-bin",
    classNames: [
      "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ],
    channels: 3, height: 32, width: 32,
    layout: .records(labelByteCount: 1),
    splits: [
      PublishedSplit(
        "train", imageCount: 50_000,
        files: [
          PublishedFile(
            "data_batch_1.bin",
            sha256: "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
          PublishedFile(
            "data_batch_2.bin",
            sha256: "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
          PublishedFile(
            "data_batch_3.bin",
            sha256: "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
          PublishedFile(
            "data_batch_4.bin",
            sha256: "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
          PublishedFile(
            "data_batch_5.bin",
            sha256: "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
        ]),
      PublishedSplit(
        "test", imageCount: 10_000,
        files: [
          PublishedFile(
            "test_batch.bin",
            sha256: "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b")
        ]),
    ],
    source: .archive(
      PublishedArchive(
        address: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        md5: "c32a1d4ab5d03f1284b67883e8d87530",
        format: .tarGzip, memberFolder: "cifar-10-batches-bin/",
        mostBytes: 200_000_000)),
    citation: cifarCitation, defaults: cifarDefaults)

  /// With the 100 fine classes; the 20 coarse ones are not read.
  static let cifar100 = DatasetDescription(
    name: "cifar100",
    title: "CIFAR-100",
    folder: "cifar-100-binary",
    classNames: [
      "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle",
      "bottle", "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle",
      "caterpillar", "cattle", "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch",
      "crab",
      "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox", "girl",
      "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion", "lizard",
      "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree",
      "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain",
      "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose",
      "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
      "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone",
      "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale",
      "willow_tree", "wolf", "woman", "worm",
    ],
    channels: 3, height: 32, width: 32,
    layout: .records(labelByteCount: 2),
    splits: [
      PublishedSplit("train", imageCount: 50_000, files: [PublishedFile("train.bin")]),
      PublishedSplit(
        "test", imageCount: 10_000,
        files: [
          PublishedFile(
            "test.bin",
            sha256: "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a")
        ]),
    ],
    source: .archive(
      PublishedArchive(
        address: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        md5: "03b5dce01913d631647c71ecec9e9cb8",
        format: .tarGzip, memberFolder: "cifar-100-binary/",
        mostBytes: 200_000_000)),
    citation: cifarCitation, defaults: cifarDefaults)

  private static let cifarDefaults = ExperimentDefaults(
    batchNormalisation: true, learningRate: 0.01, heatMapLayer: "fc3")

  private static let cifarCitation = """
    A. Krizhevsky. Learning multiple layers of features from tiny images. Technical report, \
    University of Toronto, 2009.
    """
}
