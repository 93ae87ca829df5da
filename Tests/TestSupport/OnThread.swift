import Foundation

/// Runs a blocking function, away from the few threads that all tests share.
///
/// Inside it, `#expect` does not know the current test: throw an error, or return what is to be
/// compared.
public func onThread<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Swift.Result { try body() }) }.start()
    }
}

/// Throws if a condition does not hold, for code in which `#expect` cannot be used.
public func require(_ holds: Bool, _ otherwise: @autoclosure () -> String) throws {
    guard holds else { throw Unexpected(otherwise()) }
}

/// A broken promise that no stall of a process excuses: after it, `inOneOfThreeTries` makes no other try.
public struct Violation: Error, CustomStringConvertible {
    /// The text or the figure that breaks the promise.
    public let description: String

    /// Makes the error from a text for people.
    public init(_ description: String) { self.description = description }
}

/// Throws a `Violation` if a promise does not hold that no stall of a process excuses.
public func requireAlways(_ holds: Bool, _ otherwise: @autoclosure () -> String) throws {
    guard holds else { throw Violation(otherwise()) }
}

extension TestCluster {
    /// Runs a blocking function, away from the few threads that all tests share.
    ///
    /// Fails: with what the function has found, and the last lines that the nodes have printed.
    public func onThread<Result: Sendable>(
        _ body: @escaping @Sendable ([TestNodeProcess]) throws -> Result
    ) async throws -> Result {
        defer { withExtendedLifetime(self) {} }
        let nodes = nodes
        do {
            return try await TestSupport.onThread { try body(nodes) }
        } catch let error as Unexpected {
            throw Unexpected(nodes.reduce("\(error)") { $0 + "\n" + $1.lastLines })
        }
    }
}
