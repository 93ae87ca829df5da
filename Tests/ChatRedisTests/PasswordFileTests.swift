import ChatCore
import Foundation
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import ChatRedis

/// The password that is in the file by now.
@Suite struct PasswordFileTests {
    private let path = NSTemporaryDirectory() + "chatnode-\(UUID())"
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    private func write(_ text: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    private func file() -> PasswordFile {
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return PasswordFile(path: path, password: Secret(text: "first"), log: log)
    }

    private func password(_ file: PasswordFile) async throws -> String {
        try await file.password(on: loop).get().text
    }

    /// Expects a password, again where the machine was too busy: the file is read by a thread that is given up
    /// after `Limits.passwordFileTimeout`, and then the last password is good.
    private func expect(_ password: String, in file: PasswordFile) async throws {
        var found = ""
        for _ in 0..<3 {
            let start = ContinuousClock.now
            found = try await self.password(file)
            if ContinuousClock.now - start < Limits.passwordFileTimeout { break }
        }
        #expect(found == password)
    }

    @Test func `what is written into it is found`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = file()
        for (text, password) in [("second\nmore\n", "second"), ("\u{FEFF}third\r\n", "third")] {
            try write(text)
            try await expect(password, in: file)
        }
    }

    @Test func `while it says nothing, its last password is good`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = file()
        #expect(try await password(file) == "first")
        try write("second")
        try await expect("second", in: file)
        try write("\nthird")
        #expect(try await password(file) == "second")
        try FileManager.default.removeItem(atPath: path)
        #expect(try await password(file) == "second")
        try write("fourth")
        try await expect("fourth", in: file)
    }

    @Test func `a pipe, which has been read to its end, is not waited for`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(mkfifo(path, 0o600) == 0)
        #expect(try await password(file()) == "first")
    }

    @Test func `who asks while it is read hears the same`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try write("second")
        let file = file()
        // Again where the thread that reads it comes too late: then all hear the last password.
        try await eventually("all hear it") {
            let start = ContinuousClock.now
            var heard: Set<String> = []
            for answer in (0..<50).map({ _ in file.password(on: loop) }) {
                heard.insert(try await answer.get().text)
            }
            guard ContinuousClock.now - start < Limits.passwordFileTimeout else { return false }
            #expect(heard == ["second"])
            return true
        }
    }

    @Test func `a loop that ends while it is read leaves no answer open`() async throws {
        let file = file()
        // Keeps the file's thread from the reading that the loop asks for.
        let gate = DispatchSemaphore(value: 0)
        file.read { _ in gate.wait() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let ends = Mutex(0)
        try await group.next().submit {
            file.password(on: group.next()).whenComplete { _ in ends.withLock { $0 += 1 } }
        }.get()
        try await group.shutdownGracefully()
        gate.signal()
        await withCheckedContinuation { continuation in file.read { _ in continuation.resume() } }
        #expect(ends.withLock { $0 } == 1)
    }
}
