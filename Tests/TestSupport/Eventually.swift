import Foundation

/// Waits until a condition holds, checking again and again.
///
/// Fails: if it does not hold after `patience`, by default as long as a socket waits; the bound
/// only decides how soon a failure is reported. A busy machine may delay a check: so there is
/// always one more after the time is up.
public func eventually(
    _ what: String = "the condition",
    within patience: Duration = .seconds(TestSocket.patience),
    _ holds: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + patience
    while true {
        let isLast = clock.now >= deadline
        if try await holds() { return }
        guard !isLast else { throw Unexpected("\(what) did not come about within \(patience)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Waits like `eventually`, on a thread of its own, and returns how long it took.
@discardableResult
public func timeUntil(
    _ what: String,
    within patience: Duration = .seconds(TestSocket.patience),
    every interval: Duration = .milliseconds(5),
    _ holds: () throws -> Bool
) throws -> Duration {
    let clock = ContinuousClock()
    let began = clock.now
    while true {
        let took = clock.now - began
        if try holds() { return clock.now - began }
        guard took < patience else {
            throw Unexpected("\(what) did not come about within \(patience)")
        }
        Thread.sleep(forTimeInterval: interval / .seconds(1))
    }
}
