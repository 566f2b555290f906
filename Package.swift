// swift-tools-version: 6.0
import PackageDescription

// `make documentation` alone needs the plugin: PFEDLA_DOCUMENTATION=1.
let documentationPlugin: [Package.Dependency] =
  Context.environment["PFEDLA_DOCUMENTATION"] == nil
  ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", exact: "1.5.0")]

// One run over several processes: PFEDLA_MPI=1, or the name of an MPI library's pkg-config file.
let mpi = Context.environment["PFEDLA_MPI"].flatMap { $0.isEmpty || $0 == "0" ? nil : $0 }
let mpiTargets: [Target] =
  mpi == nil
  ? []
  : [
    .systemLibrary(
      name: "CMPI", pkgConfig: mpi == "1" ? "mpi-c" : mpi,
      providers: [.apt(["libopenmpi-dev", "openmpi-bin"]), .brew(["open-mpi"])]),
    .target(name: "MessagePassing", dependencies: ["CMPI", "FederatedLearning"]),
  ]

let package = Package(
  name: "pFedLA",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "pfedla", targets: ["pfedla"]),
    // For methods, networks, datasets, schemes and reports of your own: see examples/own-method.
    .library(
      name: "FederatedLearning", targets: ["FederatedLearning", "NeuralNetworks", "RandomStreams"]),
    .library(name: "Data", targets: ["Datasets", "Partitioning"]),
    .library(name: "Reports", targets: ["Experiments", "Reports", "Support"]),
    .library(name: "PFedLACommands", targets: ["PFedLACommands"]),
  ],
  dependencies: [
    // Exact: a parser that reads a specification differently would be another experiment.
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ] + documentationPlugin,
  targets: [
    // System libraries: a module map and a shim header each.
    .systemLibrary(
      name: "COneDNN", providers: [.apt(["libdnnl-dev"]), .brew(["onednn"])]),
    .systemLibrary(
      name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"])]),
    .target(name: "CProcess"),

    // The program's modules, in the order in which data flows.
    .target(
      name: "Support",
      dependencies: [.target(name: "CCrypto", condition: .when(platforms: [.linux]))]),
    .target(name: "CKernels"),
    .target(name: "RandomStreams", dependencies: ["CKernels"]),
    .target(
      name: "HDF5", dependencies: ["CHDF5", "Support"]),
    .target(name: "NumPyFiles", dependencies: ["CZlib", "Support"]),
    .target(
      name: "Datasets",
      dependencies: ["CZlib", "HDF5", "NumPyFiles", "RandomStreams", "Support"]),
    .target(
      name: "Partitioning",
      dependencies: ["HDF5", "NumPyFiles", "RandomStreams", "Support"]),
    .target(
      name: "NeuralNetworks", dependencies: ["CKernels", "COneDNN", "RandomStreams", "Support"]),
    .target(
      name: "FederatedLearning",
      dependencies: ["CKernels", "NeuralNetworks", "RandomStreams", "Support"]),
    .target(
      name: "Experiments",
      dependencies: [
        "Datasets", "FederatedLearning", "HDF5", "NeuralNetworks", "Partitioning", "RandomStreams",
        "Support", "Yams",
      ]),
    .target(
      name: "Reports",
      dependencies: [
        "CZlib", "Datasets", "Experiments", "FederatedLearning", "HDF5", "NumPyFiles",
        "Partitioning", "Support",
      ]),
    .target(
      name: "PFedLACommands",
      dependencies: [
        "CProcess", "Datasets", "Experiments", "FederatedLearning", "NeuralNetworks",
        "Partitioning",
        "Reports", "Support",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ] + (mpi == nil ? [] : ["MessagePassing"]),
      swiftSettings: mpi == nil ? [] : [.define("PFEDLA_MPI")]),
    .executableTarget(name: "pfedla", dependencies: ["PFedLACommands"]),

    // Benchmarks: see Benchmarks/README.md.
    .target(name: "CBenchmarkKernels", path: "Benchmarks/CBenchmarkKernels"),
    .target(
      name: "BenchmarkFigures", dependencies: ["Support"],
      path: "Benchmarks/BenchmarkFigures"),
    .executableTarget(
      name: "pfedla-benchmarks",
      dependencies: [
        "BenchmarkFigures", "CBenchmarkKernels", "COneDNN", "Datasets", "Experiments",
        "FederatedLearning", "NeuralNetworks", "Partitioning", "RandomStreams", "Support",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Benchmarks/Benchmarks"),

    // Hostile input, millions of times: see Fuzzing/README.md.
    .target(name: "CFuzzing", path: "Fuzzing/CFuzzing"),
    .executableTarget(
      name: "pfedla-fuzzing",
      dependencies: [
        "CFuzzing", "CHDF5", "Datasets", "Experiments", "ExperimentsTestSupport",
        "FederatedLearning", "HDF5", "Partitioning", "Reports", "Support", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Fuzzing/Fuzzing"),

    // One test target a module; golden values and shared helpers in TestSupport, small experiments and
    // results of chosen numbers in ExperimentsTestSupport.
    .target(
      name: "TestSupport", dependencies: ["NeuralNetworks", "Partitioning"],
      path: "Tests/TestSupport",
      resources: [.copy("GoldenValues")]),
    .target(
      name: "ExperimentsTestSupport",
      dependencies: [
        "CHDF5", "Datasets", "Experiments", "FederatedLearning", "HDF5", "Reports", "Support",
        "TestSupport",
      ], path: "Tests/ExperimentsTestSupport"),
    .testTarget(name: "SupportTests", dependencies: ["Support"]),
    .testTarget(name: "RandomStreamsTests", dependencies: ["RandomStreams"]),
    .testTarget(name: "HDF5Tests", dependencies: ["CHDF5", "HDF5", "Support", "TestSupport"]),
    .testTarget(name: "NumPyFilesTests", dependencies: ["NumPyFiles", "TestSupport"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "TestSupport"]),
    .testTarget(
      name: "PartitioningTests", dependencies: ["HDF5", "Partitioning", "TestSupport"]),
    .testTarget(
      name: "NeuralNetworksTests",
      dependencies: ["CKernels", "NeuralNetworks", "Support", "TestSupport"]),
    .testTarget(
      name: "FederatedLearningTests",
      dependencies: [
        "FederatedLearning", "NeuralNetworks", "RandomStreams", "Support", "TestSupport",
      ]),
    .testTarget(
      name: "ExperimentsTests",
      dependencies: [
        "CHDF5", "Datasets", "Experiments", "ExperimentsTestSupport", "FederatedLearning", "HDF5",
        "NeuralNetworks", "Partitioning", "RandomStreams", "Support", "TestSupport",
      ], exclude: ["NumericsDigests.txt"]),
    .testTarget(
      name: "ReportsTests",
      dependencies: [
        "CHDF5", "Datasets", "Experiments", "ExperimentsTestSupport", "FederatedLearning", "HDF5",
        "NeuralNetworks", "NumPyFiles", "Partitioning", "Reports", "Support", "TestSupport",
      ]),
    .testTarget(name: "BenchmarkFiguresTests", dependencies: ["BenchmarkFigures"]),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "Experiments", "FederatedLearning", "HDF5", "Partitioning", "TestSupport", "pfedla",
      ]),
  ] + mpiTargets,
  swiftLanguageModes: [.v6]
)
