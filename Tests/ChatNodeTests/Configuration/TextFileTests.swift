import ChatRedis
import Foundation
import Testing

@testable import ChatNode
@testable import ChatSupport

@Suite struct TextFileTests {
    private func withFile(_ data: Data, _ body: (String) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory
            .appending(path: "chatnode-\(UUID().uuidString).yaml")
        try data.write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        try body(url.path)
    }

    @Test(arguments: [0, 1, 15, 16, 65_536, 65_537, 1 << 20])
    func `a file is read whole`(count: Int) throws {
        let text = String(repeating: "x", count: count)
        try withFile(Data(text.utf8)) { path in
            let read = try readTextFile(path)
            #expect(read == text)
        }
    }

    @Test func `what cannot be read says why`() throws {
        #expect(throws: FileReadError(reason: "no such file or directory")) {
            try readTextFile("/nonexistent/chat.yaml")
        }
        #expect(throws: FileReadError(reason: "is a directory")) { try readTextFile("/") }
        #expect(throws: FileReadError(reason: "no such file or directory")) { try readTextFile("") }
    }

    @Test func `a file that is too long or not UTF-8 is refused`() throws {
        try withFile(Data(repeating: 0x61, count: 1 << 20 + 1)) { path in
            #expect(throws: FileReadError.self) { try readTextFile(path) }
        }
        try withFile(Data([0x70, 0xFF])) { path in
            #expect(throws: FileReadError(reason: "it is not UTF-8")) { try readTextFile(path) }
        }
        #expect(throws: FileReadError.self) { try readTextFile("/dev/zero") }
    }

    @Test func `a byte order mark is no part of a text`() throws {
        try withFile(Data("\u{FEFF}a\u{FEFF}b".utf8)) { path in
            let text = try readTextFile(path)
            #expect(Array(text.utf8) == Array("a\u{FEFF}b".utf8))
        }
        for mark in [[0xFF, 0xFE], [0xFE, 0xFF]] as [[UInt8]] {
            try withFile(Data(mark + [0x61, 0x00])) { path in
                #expect(throws: FileReadError(reason: "it is UTF-16, not UTF-8")) {
                    try readTextFile(path)
                }
            }
        }
    }

    @Test func `settings and passwords are read behind a byte order mark`() throws {
        try withFile(Data("\u{FEFF}port: 81\n".utf8)) { path in
            let configuration = try Configuration.load(flags: ["config": path], environment: [:])
            #expect(configuration.listener.port == 81)
        }
        let password = Secret(text: "hunter2")
        try withFile(Data("\u{FEFF}hunter2\n".utf8)) { path in
            let flags = ["redis-password-file": path]
            let configuration = try Configuration.load(flags: flags, environment: [:])
            #expect(configuration.redis.password == password)
        }
        let environment = ["CHAT_REDIS_PASSWORD": "\u{FEFF}hunter2"]
        let configuration = try Configuration.load(flags: [:], environment: environment)
        #expect(configuration.redis.password == password)
    }

    @Test func `a real file is loaded, and its path named`() throws {
        try withFile(Data("port: 81\nnope: 1\n".utf8)) { path in
            let error = #expect(throws: ConfigurationError.self) {
                try Configuration.load(flags: ["config": path], environment: [:])
            }
            #expect(error?.description.contains("from: \(path):2") == true)
        }
    }

    @Test func `the environment of the process is seen`() {
        #expect(processEnvironment() == ProcessInfo.processInfo.environment)
    }
}
