// swift-tools-version: 6.3
import PackageDescription

// Warnings fail the build, except that a dependency may deprecate something at any time.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .treatWarning("DeprecatedDeclaration", as: .warning),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
]

// Versions are exact because Package.resolved is not committed.
let package = Package(
    name: "chatnode",
    products: [
        .executable(name: "chatnode", targets: ["ChatNode"]),
        .library(name: "ChatCore", targets: ["ChatCore"]),
        .library(name: "ChatClient", targets: ["ChatClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .target(
            name: "ChatCore",
            // What made the tables; run by hand.
            exclude: ["Names/Tables/generate.pl"],
            swiftSettings: strict
        ),
        .target(
            name: "ChatClient",
            dependencies: [
                "ChatCore",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .target(name: "CEmbedded", exclude: ["page", "scripts"]),
        .target(
            name: "ChatSupport",
            dependencies: [
                "ChatCore",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ChatRedis",
            dependencies: [
                "CEmbedded",
                "CHiredis",
                "ChatCore",
                "ChatSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ChatBench",
            dependencies: [
                "ChatClient",
                "ChatCore",
                "ChatSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ChatConform",
            dependencies: [
                "ChatCore",
                "ChatSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ChatTerminal",
            dependencies: [
                "ChatClient",
                "ChatCore",
                "ChatSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "ChatNode",
            dependencies: [
                "CEmbedded",
                "ChatBench",
                "ChatConform",
                "ChatCore",
                "ChatRedis",
                "ChatSupport",
                "ChatTerminal",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChatCoreTests",
            dependencies: ["ChatCore", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChatClientTests",
            dependencies: [
                "ChatClient", "ChatNode", "TestSupport",
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        // The application of the Swift client for `chatnode conform`.
        .executableTarget(
            name: "ChatAdapter",
            dependencies: ["ChatClient", "ChatCore", "ChatSupport"],
            path: "Tests/ChatAdapter",
            swiftSettings: strict
        ),
        // Sockets and processes as tests use them; shares no code with what it tests.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "ChatNodeTests",
            dependencies: [
                "ChatNode", "ChatRedis", "ChatSupport", "TestSupport",
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ],
            swiftSettings: strict
        ),
        // A backend in one file, to be copied; BackendContractTests runs over it too.
        .target(
            name: "ExampleBackend",
            dependencies: ["ChatCore", .product(name: "NIOCore", package: "swift-nio")],
            path: "examples/backend",
            exclude: ["README.md"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChatRedisTests",
            dependencies: [
                "ChatRedis", "ChatCore", "ChatSupport", "CHiredis", "TestSupport",
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChatBenchTests",
            dependencies: [
                "ChatBench", "ChatClient", "ChatCore", "ChatSupport", "TestSupport",
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChatTerminalTests",
            dependencies: ["ChatClient", "ChatNode", "ChatTerminal", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "BackendContractTests",
            dependencies: [
                "ChatClient", "ChatCore", "ChatNode", "ChatRedis", "ChatSupport", "ExampleBackend",
                "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "StoreContractTests",
            dependencies: ["ChatRedis", "ChatCore", "ChatSupport", "CHiredis", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ClusterTests",
            dependencies: ["ChatNode", "ChatClient", "ChatCore", "TestSupport"],
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c2x
)
