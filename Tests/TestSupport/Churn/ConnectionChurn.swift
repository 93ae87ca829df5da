import Foundation
import Glibc

/// Opens and closes connections as fast as the machine allows, while a few others send without a
/// pause, and checks whether any connection gets a byte that is meant for another.
///
/// The numbers of descriptors are used again at once (POSIX gives the lowest free one), so whatever
/// is sent to a closed one reaches a new connection.
public final class ConnectionChurn {
    /// What happened, so that a test can see that it has tested something.
    public struct Tally: Sendable {
        /// The number of connections that were begun.
        public var opened = 0
        /// The number of those that received their answer to the handshake.
        public var upgraded = 0
        /// The number of those that received that they are logged in.
        public var loggedIn = 0
        /// The number of frames that the short connections received.
        public var frames = 0
        /// The number of words that all talkers have received.
        public var words = 0
        /// The number of connections that stopped receiving in the middle of a frame.
        public var cut = 0
        /// The number of connections that were closed because they did not read.
        public var tooSlow = 0
    }

    /// The error that the machine was so slow that a timeout for dead clients hit a living one: the
    /// run then proves nothing.
    public struct Stalled: Error, CustomStringConvertible {
        /// What happened.
        public let description: String

        /// A ping was not answered in time.
        static let silent = Stalled(description: "who was there was taken for gone")
    }

    private struct Talker {
        let client: TestWebSocket
        var verifier: StreamVerifier
        var said = 0
    }

    /// What has happened so far.
    public private(set) var tally = Tally()
    /// What was wrong, in words; a short connection ends with its first fault.
    public private(set) var complaints: [String] = []
    /// The number of each talker's newest word.
    public var said: [Int] { talkers.map(\.said) }
    /// Returns whether all talkers have received these words, and all before them.
    public func hasHeard(_ words: [Int]) -> Bool {
        zip(record.words, words).allSatisfy { $0 >= $1 }
    }
    private let port: Int
    private var random: SplitMix
    private var clients: [ChurnClient] = []
    private var nextEbb = 0
    private var talkers: [Talker] = []
    private let record: RoomRecord
    private var chunk = [UInt8](repeating: 0, count: 64 * 1024)

    /// The number of short connections at one time.
    private let size: Int
    /// The milliseconds between two moments at which all connections leave whose time has come. New
    /// ones connect just before that: the node accepts them while it closes the others.
    private static let ebbPause = 15
    /// The number of talkers: several on each of a few loops, so that in most turns of a loop there
    /// is something to send.
    private static let talkerCount = 12
    /// The number of words of a talker that are on their way at one time: always something for all
    /// connections to receive, and never enough to push a client that reads out of the backlog.
    private static let window = 2

    /// How many milliseconds a talker sends nothing at most. The node then need not send a ping to
    /// find out whether the talker is alive, however slow the machine is.
    private static let longestSilence = 100
    private var nextSign = 0

    /// Connects the talkers and logs them in. Of the others there are `size` at one time: by
    /// default enough for thousands a second, and some of them do not read.
    public init(port: Int, size: Int = 300) throws {
        self.port = port
        self.size = size
        random = Seed.generator
        record = RoomRecord(talkers: Self.talkerCount)
        for index in 0..<Self.talkerCount {
            let client = try TestWebSocket(port: port)
            try client.login("talker\(index)")
            var verifier = StreamVerifier(upgradedWith: client.answer)
            try verifier.take(client.stopBlocking()[...], record)
            talkers.append(Talker(client: client, verifier: verifier))
        }
    }

    /// Runs for a duration, or until something is wrong; calls `meanwhile` again and again with the
    /// milliseconds so far.
    public func run(for duration: Duration, _ meanwhile: (Int) -> Void = { _ in }) throws {
        let start = Self.now
        let end = start + Int(duration / .milliseconds(1))
        while Self.now < end, complaints.isEmpty {
            meanwhile(Self.now - start)
            try turn(invites: true)
        }
    }

    /// Opens no more connections, lets those that are open end by their plans, and waits until the
    /// talkers have received all words.
    public func settle() throws {
        try timeUntil("everybody has gone", every: .zero) {
            try turn(invites: false)
            let isHeard = record.words.elementsEqual(talkers.map(\.said))
            let isSame = Set(talkers.map(\.verifier.seq)).count == 1
            return !complaints.isEmpty || clients.isEmpty && isHeard && isSame
        }
        tally.words = record.count
    }

    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    private func turn(invites: Bool) throws {
        let isEbb = Self.now >= nextEbb
        if isEbb {
            nextEbb = Self.now + Self.ebbPause
            if invites { try invite() }
        }
        var polls = talkers.map {
            pollfd(fd: $0.client.socket.descriptor, events: Int16(POLLIN), revents: 0)
        }
        polls += clients.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
        _ = poll(&polls, nfds_t(polls.count), 1)
        let now = Self.now
        if now >= nextSign {
            nextSign = now + Self.longestSilence
            for talker in talkers { try talker.client.send(frame: 10) }
        }
        for index in talkers.indices {
            try serve(talker: index, isReadable: polls[index].revents != 0, isTalking: invites)
        }
        for (client, poll) in zip(clients, polls.dropFirst(talkers.count)) {
            try serve(client, poll.revents, now, mayGo: isEbb)
        }
        clients.removeAll { client in
            guard client.phase == .gone else { return false }
            count(client)
            return true
        }
    }

    private func invite() throws {
        while clients.count < size {
            tally.opened += 1
            clients.append(
                try ChurnClient(number: tally.opened, port: port, now: Self.now, &random)
            )
        }
    }

    private func count(_ client: ChurnClient) {
        tally.frames += client.verifier.frames
        if client.verifier.isUpgraded { tally.upgraded += 1 }
        if client.verifier.isUpgraded, client.plan.logsIn, client.verifier.wantedName == nil {
            tally.loggedIn += 1
        }
        if client.verifier.isCut { tally.cut += 1 }
        if client.verifier.closeCode == 4000 { tally.tooSlow += 1 }
    }

    // MARK: Short connections

    private func serve(_ client: ChurnClient, _ revents: Int16, _ now: Int, mayGo: Bool) throws {
        do {
            if revents != 0 {
                if client.phase == .connecting {
                    try client.connected(now)
                } else {
                    try read(client)
                }
            }
            try client.act(now, mayGo: mayGo)
        } catch let stalled as Stalled {
            throw stalled
        } catch {
            complaints.append(
                "connection \(client.number) (\(client.plan), \(client.phase)) heard \(error)"
            )
            client.close()
        }
    }

    private func read(_ client: ChurnClient) throws {
        let count = recv(client.descriptor, &chunk, chunk.count, 0)
        guard count > 0 else {
            let error = errno
            if count < 0, error == EAGAIN { return }
            return try client.ended(count < 0 ? error : nil)
        }
        try client.verifier.take(chunk[..<count], record)
        guard client.verifier.pings > 0, client.phase == .open else { return }
        client.verifier.pings = 0
        try? client.send(TestWebSocket.frame(10, []))
    }

    // MARK: Talkers

    private func serve(talker index: Int, isReadable: Bool, isTalking: Bool) throws {
        if isReadable {
            let client = talkers[index].client
            let count = recv(client.socket.descriptor, &chunk, chunk.count, 0)
            guard count > 0 || errno == EAGAIN else {
                if talkers[index].verifier.closeCode == 4005 { throw Stalled.silent }
                throw Unexpected("talker \(index) was cut off, errno \(errno)")
            }
            do {
                try talkers[index].verifier.take(chunk[..<max(count, 0)], record)
            } catch let stalled as Stalled {
                throw stalled
            } catch {
                complaints.append("talker \(index) heard \(error)")
            }
            if talkers[index].verifier.pings > 0 { try client.send(frame: 10) }
            talkers[index].verifier.pings = 0
        }
        while isTalking, talkers[index].said - record.words[index] < Self.window {
            talkers[index].said += 1
            try talkers[index].client.say(record.message(talkers[index].said, of: index) + #""}"#)
        }
    }
}
