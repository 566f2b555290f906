// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "own-method",
  platforms: [.macOS(.v15)],
  dependencies: [
    // Elsewhere: .package(url: "<this repository>", exact: "<version>")
    .package(name: "pFedLA", path: "../..")
  ],
  targets: [
    .executableTarget(
      name: "own-pfedla",
      dependencies: [
        .product(name: "FederatedLearning", package: "pFedLA"),
        .product(name: "PFedLACommands", package: "pFedLA"),
      ], path: "Sources")
  ],
  swiftLanguageModes: [.v6]
)
