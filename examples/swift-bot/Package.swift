// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "swift-bot",
    dependencies: [.package(name: "chatnode", path: "../..")],
    targets: [
        .executableTarget(
            name: "Bot",
            dependencies: [.product(name: "ChatClient", package: "chatnode")]
        )
    ],
    swiftLanguageModes: [.v6]
)
