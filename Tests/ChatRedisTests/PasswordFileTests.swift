import Foundation
import Logging
import NIOCore
import NIOPosix
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

    @Test func `what is written into it is found`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = file()
        for (text, password) in [("second\nmore\n", "second"), ("\u{FEFF}third\r\n", "third")] {
            try write(text)
            #expect(try await self.password(file) == password)
        }
    }

    @Test func `while it says nothing, its last password is good`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = file()
        #expect(try await password(file) == "first")
        try write("second")
        #expect(try await password(file) == "second")
        try write("\nthird")
        #expect(try await password(file) == "second")
        try FileManager.default.removeItem(atPath: path)
        #expect(try await password(file) == "second")
        try write("fourth")
        #expect(try await password(file) == "fourth")
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
        let answers = (0..<50).map { _ in file.password(on: loop) }
        for answer in answers { #expect(try await answer.get().text == "second") }
    }
}
