import Foundation

/// Runs something that blocks, away from the few threads that all tests share.
///
/// In there, `#expect` knows no test: throw what is wrong, or return what is to be compared.
public func onThread<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Swift.Result { try body() }) }.start()
    }
}

/// Throws what is wrong, where `#expect` cannot be used.
public func require(_ holds: Bool, _ otherwise: @autoclosure () -> String) throws {
    guard holds else { throw Unexpected(otherwise()) }
}

extension TestCluster {
    /// Runs something that blocks, away from the few threads that all tests share.
    public func onThread<Result: Sendable>(
        _ body: @escaping @Sendable ([TestNodeProcess]) throws -> Result
    ) async throws -> Result {
        defer { withExtendedLifetime(self) {} }
        let nodes = nodes
        return try await TestSupport.onThread { try body(nodes) }
    }
}
