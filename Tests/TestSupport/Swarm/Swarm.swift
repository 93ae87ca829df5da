import Foundation
import Glibc

/// Connections that come and go as fast as the machine bears, under a few that talk without a pause:
/// whether anybody gets a byte that is meant for somebody else.
///
/// Descriptors' numbers are used again at once (POSIX gives the lowest that is free), so whatever is
/// sent to one that has been closed comes to a newcomer.
public final class Swarm {
    /// What happened, so that a test can see that it has tested something.
    public struct Tally: Sendable {
        /// Connections that were begun.
        public var opened = 0
        /// Of those, the ones that heard their answer to the handshake.
        public var upgraded = 0
        /// Of those, the ones that heard that they are logged in.
        public var loggedIn = 0
        /// Frames heard by those who come and go.
        public var frames = 0
        /// Words that all talkers have heard.
        public var words = 0
        /// Connections that were in the middle of a frame when they stopped hearing.
        public var cut = 0
        /// Connections that were closed for not reading.
        public var tooSlow = 0
    }

    /// The machine was so slow that a time was up which is meant for somebody who is gone: that shows
    /// nothing, neither right nor wrong.
    public struct Stalled: Error, CustomStringConvertible {
        /// What it was.
        public let description: String

        /// A ping was not answered in time.
        static let silent = Stalled(description: "who was there was taken for gone")
    }

    private struct Talker {
        let client: TestWebSocket
        var hearing: Hearing
        var said = 0
    }

    /// What happened so far.
    public private(set) var tally = Tally()
    /// What was wrong, in words; those who come and go end with the first of theirs.
    public private(set) var complaints: [String] = []
    /// The number of each talker's newest word.
    public var said: [Int] { talkers.map(\.said) }
    /// Whether these have been heard, and all before them.
    public func hasHeard(_ words: [Int]) -> Bool {
        zip(record.words, words).allSatisfy { $0 >= $1 }
    }
    private let port: Int
    private var random: SplitMix
    private var guests: [Guest] = []
    private var nextEbb = 0
    private var talkers: [Talker] = []
    private let record: RoomRecord
    private var chunk = [UInt8](repeating: 0, count: 64 * 1024)

    /// Connections at one time.
    private let size: Int
    /// Milliseconds between two ebbs, at which all leave whose time has come. Newcomers knock right
    /// before: the node accepts them while it closes the others.
    private static let ebbPause = 15
    /// Several on each of a few loops, so that in most turns of a loop there is something to send.
    private static let talkerCount = 12
    /// Words of a talker on their way at one time: always something for everybody to hear, and never
    /// so much that one who reads falls off the backlog.
    private static let window = 2

    /// How many milliseconds a talker says nothing at most. That he is still there need not be asked
    /// then, however slow the machine is.
    private static let longestSilence = 100
    private var nextSign = 0

    /// The talkers are connected and logged in. Of the others there are `size` at one time: by default
    /// enough for thousands a second, and some of them do not read.
    public init(port: Int, size: Int = 300) throws {
        self.port = port
        self.size = size
        random = Seed.generator
        record = RoomRecord(talkers: Self.talkerCount)
        for index in 0..<Self.talkerCount {
            let client = try TestWebSocket(port: port)
            try client.login("talker\(index)")
            let descriptor = client.socket.descriptor
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
            var hearing = Hearing(upgradedWith: client.answer)
            let early = client.socket.takeBuffered()
            try early.withUnsafeBytes { try hearing.take($0, record) }
            talkers.append(Talker(client: client, hearing: hearing))
        }
    }

    /// Goes on for so long, or until something is wrong; meanwhile is told, again and again, for how
    /// many milliseconds it has.
    public func run(for duration: Duration, _ meanwhile: (Int) -> Void = { _ in }) throws {
        let start = Self.now
        let end = start + Int(duration / .milliseconds(1))
        while Self.now < end, complaints.isEmpty {
            meanwhile(Self.now - start)
            try turn(invites: true)
        }
    }

    /// Nobody new comes, and who is there goes by its plan; then all words have been heard by the
    /// talkers.
    public func settle() throws {
        try timeUntil("everybody has gone", every: .zero) {
            try turn(invites: false)
            let isHeard = record.words.elementsEqual(talkers.map(\.said))
            let isSame = Set(talkers.map(\.hearing.seq)).count == 1
            return !complaints.isEmpty || guests.isEmpty && isHeard && isSame
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
        polls += guests.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
        _ = poll(&polls, nfds_t(polls.count), 1)
        let now = Self.now
        if now >= nextSign {
            nextSign = now + Self.longestSilence
            for talker in talkers { try talker.client.send(frame: 10) }
        }
        for index in talkers.indices {
            try serve(talker: index, isReadable: polls[index].revents != 0, isTalking: invites)
        }
        for (guest, poll) in zip(guests, polls.dropFirst(talkers.count)) {
            try serve(guest, poll.revents, now, mayGo: isEbb)
        }
        guests.removeAll { guest in
            guard guest.phase == .gone else { return false }
            count(guest)
            return true
        }
    }

    private func invite() throws {
        while guests.count < size {
            tally.opened += 1
            guests.append(
                try Guest(number: tally.opened, port: port, now: Self.now, &random)
            )
        }
    }

    private func count(_ guest: Guest) {
        tally.frames += guest.hearing.frames
        if guest.hearing.isUpgraded { tally.upgraded += 1 }
        if guest.hearing.isUpgraded, guest.plan.logsIn, guest.hearing.wantedName == nil {
            tally.loggedIn += 1
        }
        if guest.hearing.isCut { tally.cut += 1 }
        if guest.hearing.closeCode == 4000 { tally.tooSlow += 1 }
    }

    // MARK: Those who come and go

    private func serve(_ guest: Guest, _ revents: Int16, _ now: Int, mayGo: Bool) throws {
        do {
            if revents != 0 {
                if guest.phase == .connecting {
                    try guest.connected(now)
                } else {
                    try read(guest)
                }
            }
            try guest.act(now, mayGo: mayGo)
        } catch let stalled as Stalled {
            throw stalled
        } catch {
            complaints.append(
                "connection \(guest.number) (\(guest.plan), \(guest.phase)) heard \(error)"
            )
            guest.close()
        }
    }

    private func read(_ guest: Guest) throws {
        let count = recv(guest.descriptor, &chunk, chunk.count, 0)
        guard count > 0 else {
            let error = errno
            if count < 0, error == EAGAIN { return }
            return try guest.ended(count < 0 ? error : nil)
        }
        try chunk.withUnsafeBytes {
            try guest.hearing.take(UnsafeRawBufferPointer(rebasing: $0[..<count]), record)
        }
        guard guest.hearing.pings > 0, guest.phase == .open else { return }
        guest.hearing.pings = 0
        try? guest.send(TestWebSocket.frame(10, []))
    }

    // MARK: Those who talk

    private func serve(talker index: Int, isReadable: Bool, isTalking: Bool) throws {
        if isReadable {
            let client = talkers[index].client
            let count = recv(client.socket.descriptor, &chunk, chunk.count, 0)
            guard count > 0 || errno == EAGAIN else {
                if talkers[index].hearing.closeCode == 4005 { throw Stalled.silent }
                throw Unexpected("talker \(index) was cut off, errno \(errno)")
            }
            do {
                try chunk.withUnsafeBytes {
                    let bytes = UnsafeRawBufferPointer(rebasing: $0[..<max(count, 0)])
                    try talkers[index].hearing.take(bytes, record)
                }
            } catch let stalled as Stalled {
                throw stalled
            } catch {
                complaints.append("talker \(index) heard \(error)")
            }
            if talkers[index].hearing.pings > 0 { try client.send(frame: 10) }
            talkers[index].hearing.pings = 0
        }
        while isTalking, talkers[index].said - record.words[index] < Self.window {
            talkers[index].said += 1
            try talkers[index].client.say(record.message(talkers[index].said, of: index) + #""}"#)
        }
    }
}
