import ChatCore
import Foundation
import Glibc
import TestSupport
import Testing

@testable import ChatNode

/// The unix socket at which operators ask a node.
@Suite struct AdminSocketTests {
    private func mode(_ path: String) throws -> Int {
        try #require(
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        )
    }

    /// Leaves a socket whose process has died.
    private func leaveDead(at path: String) throws {
        let (_, descriptor) = try AdminSocket.bind(at: path, in: nil)
        close(descriptor)
    }

    @Test func `the automatic socket is for this user alone, and gone with its node`() async throws
    {
        try await inFolder { (folder) async throws in
            let environment = ["XDG_RUNTIME_DIR": folder]
            let own = "\(folder)/chatnode-\(geteuid())"
            try await TestServer.run(["admin": "auto"], environment: environment) {
                (server) async throws in
                let path = "\(own)/127.0.0.1-\(server.port).sock"
                #expect(try get("/healthz", at: path).hasPrefix("HTTP/1.1 200 "))
                #expect(try mode(path) == 0o600)
                #expect(try mode(own) == 0o700)
                #expect(
                    server.node.admin?.place.question(of: "/metrics")
                        == "curl --unix-socket \(path) http://localhost/metrics"
                )
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test func `two nodes have two sockets, and the first to leave removes only its own`()
        async throws
    {
        try await inFolder { (folder) async throws in
            let environment = ["XDG_RUNTIME_DIR": folder]
            try await TestServer.run(["admin": "auto"], environment: environment) {
                (first) async throws in
                try await TestServer.run(["admin": "auto"], environment: environment) {
                    (second) async throws in
                    #expect(first.node.admin?.place != second.node.admin?.place)
                }
                let own = "\(folder)/chatnode-\(geteuid())"
                let path = "\(own)/127.0.0.1-\(first.port).sock"
                #expect(try FileManager.default.contentsOfDirectory(atPath: own).count == 1)
                #expect(try get("/healthz", at: path).hasPrefix("HTTP/1.1 200 "))
            }
        }
    }

    @Test func `without a folder of the user's the socket is in /tmp, in a folder for the user`()
        throws
    {
        for folder in [nil, "/nowhere", "relative"] {
            var configuration = Configuration()
            configuration.admin.runtimeFolder = folder
            let own = "/tmp/chatnode-\(geteuid())"
            #expect(
                configuration.admin.place(host: "127.0.0.1", port: 4567)
                    == .unix(path: "\(own)/127.0.0.1-4567.sock", folder: own)
            )
        }
    }

    @Test func `a socket of a process that has died is replaced`() async throws {
        try await inFolder { (folder) async throws in
            let path = "\(folder)/a.sock"
            try leaveDead(at: path)
            #expect(throws: Unexpected.self) { try TestSocket(path: path) }
            try await TestServer.run(["admin": "unix:\(path)"]) { (_) async throws in
                #expect(try get("/healthz", at: path).hasPrefix("HTTP/1.1 200 "))
            }
        }
    }

    /// Makes a socket look so old that no node could still be about to listen on it.
    private func age(_ path: String) {
        setTime(of: path, to: time(nil) - settledSeconds)
    }

    private func setTime(of path: String, to seconds: time_t) {
        let instant = timespec(tv_sec: seconds, tv_nsec: 0)
        #expect(utimensat(AT_FDCWD, path, [instant, instant], AT_SYMLINK_NOFOLLOW) == 0)
    }

    private var settledSeconds: time_t { time_t(Limits.adminSocketSettled / .seconds(1)) }

    @Test func `sockets of killed nodes are removed by the next start, and nothing else is`()
        async throws
    {
        try await inFolder { (folder) async throws in
            let own = "\(folder)/chatnode-\(geteuid())"
            let dead = ["127.0.0.1-4567.sock", "my-host-80.sock", "::1-65535.sock", "4567.sock"]
            let others = ["x-0.sock", "x-65536.sock", "x-.sock", "x-1", "a.sock"]
            mkdir(own, 0o700)
            for name in dead + others {
                try leaveDead(at: "\(own)/\(name)")
                age("\(own)/\(name)")
            }
            let file = "\(own)/x-1.sock"
            try "data".write(toFile: file, atomically: true, encoding: .utf8)
            let link = "\(own)/x-2.sock"
            #expect(symlink("\(own)/a.sock", link) == 0)
            for path in [file, link] { age(path) }
            let environment = ["XDG_RUNTIME_DIR": folder]
            try await TestServer.run(["admin": "auto"], environment: environment) {
                (living) async throws in
                age("\(own)/127.0.0.1-\(living.port).sock")
                try await TestServer.run(["admin": "auto"], environment: environment) {
                    (next) async throws in
                    let left = try FileManager.default.contentsOfDirectory(atPath: own)
                    let sockets = [living, next].map { "127.0.0.1-\($0.port).sock" }
                    #expect(Set(left) == Set(others + ["x-1.sock", "x-2.sock"] + sockets))
                    for name in sockets {
                        #expect(
                            try get("/healthz", at: "\(own)/\(name)").hasPrefix("HTTP/1.1 200 ")
                        )
                    }
                }
            }
        }
    }

    @Test func `a new dead socket is kept, because a node may be about to listen on it`()
        async throws
    {
        try await inFolder { (folder) async throws in
            let path = "\(folder)/127.0.0.1-4567.sock"
            try leaveDead(at: path)
            // The time is given, so that a slow machine makes no socket older.
            let made: time_t = 1_000_000
            setTime(of: path, to: made)
            AdminSocket.sweep(folder, now: made + settledSeconds - 1)
            #expect(FileManager.default.fileExists(atPath: path))
            AdminSocket.sweep(folder, now: made + settledSeconds)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a socket away"))
    func `another user's dead socket is not removed`() async throws {
        try await inFolder { (folder) async throws in
            let path = "\(folder)/127.0.0.1-4567.sock"
            try leaveDead(at: path)
            age(path)
            #expect(chown(path, 65534, 65534) == 0)
            AdminSocket.sweep(folder)
            #expect(FileManager.default.fileExists(atPath: path))
            chown(path, 0, 0)
            AdminSocket.sweep(folder)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func `a living socket is left alone`() async throws {
        try await inFolder { (folder) async throws in
            let path = "\(folder)/a.sock"
            try await TestServer.run(["admin": "unix:\(path)"]) { (_) async throws in
                await #expect(throws: AdminTrouble.taken(path)) {
                    try await TestServer.run(["admin": "unix:\(path)"]) { _ in }
                }
                #expect(try get("/healthz", at: path).hasPrefix("HTTP/1.1 200 "))
            }
        }
    }

    @Test func `a socket that was replaced is not removed by the node that had it first`()
        async throws
    {
        try await inFolder { (folder) async throws in
            let path = "\(folder)/a.sock"
            let (first, descriptor) = try AdminSocket.bind(at: path, in: nil)
            defer { close(descriptor) }
            // Another process removes the file.
            unlink(path)
            let (second, other) = try AdminSocket.bind(at: path, in: nil)
            defer { close(other) }
            first.remove()
            #expect(FileManager.default.fileExists(atPath: path))
            second.remove()
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func `a file that is not a socket is left alone`() async throws {
        try await inFolder { (folder) async throws in
            let path = "\(folder)/precious"
            try "data".write(toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: AdminTrouble.noSocket(path)) {
                try AdminSocket.bind(at: path, in: nil)
            }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "data")
        }
    }

    @Test func `a folder that other users may change, or a link to one, is refused`() async throws {
        try await inFolder { (folder) async throws in
            let open = "\(folder)/open"
            try FileManager.default.createDirectory(
                atPath: open,
                withIntermediateDirectories: false
            )
            chmod(open, 0o777)
            #expect(throws: AdminTrouble.notOwn(open)) {
                try AdminSocket.bind(at: "\(open)/a.sock", in: open)
            }
            chmod(open, 0o700)
            let link = "\(folder)/link"
            #expect(symlink(open, link) == 0)
            #expect(throws: AdminTrouble.notOwn(link)) {
                try AdminSocket.bind(at: "\(link)/a.sock", in: link)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: open).isEmpty)
        }
    }

    @Test func `another user's folder is refused`() async throws {
        try await inFolder { (folder) async throws in
            let theirs = "\(folder)/theirs"
            try FileManager.default.createDirectory(
                atPath: theirs,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700]
            )
            // Only root can give a folder away; for other users /root is another user's folder.
            let isRoot = geteuid() == 0
            if isRoot { #expect(chown(theirs, 65534, 65534) == 0) }
            let path = isRoot ? theirs : "/root"
            #expect(throws: AdminTrouble.notOwn(path)) {
                try AdminSocket.bind(at: "\(path)/a.sock", in: path)
            }
        }
    }

    @Test func `a path that is too long is reported, and so is one where nothing can be made`()
        async throws
    {
        let long = "/tmp/" + String(repeating: "x", count: 103)
        #expect(throws: AdminTrouble.tooLong(long)) { try AdminSocket.bind(at: long, in: nil) }
        #expect(throws: AdminTrouble.system("/nowhere/a", ENOENT)) {
            try AdminSocket.bind(at: "/nowhere/a", in: nil)
        }
        #expect(AdminTrouble.system("/nowhere/a", ENOENT).exitCode == EX_CANTCREAT)
    }

    static let troubles: [AdminTrouble] = [
        .taken("p"), .notOwn("p"), .noSocket("p"), .tooLong("p"), .system("p", EACCES),
    ]

    @Test func `each trouble says what to do`() {
        for trouble in Self.troubles {
            let lines = trouble.description.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines[0].hasPrefix("error: cannot listen for operators "))
            #expect(lines[1].hasPrefix("  fix: ") && lines[1].contains("--admin none"))
            #expect(trouble.exitCode != 0)
        }
    }
}
