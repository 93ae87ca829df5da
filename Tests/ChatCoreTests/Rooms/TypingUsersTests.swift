import Testing

@testable import ChatCore

/// Who writes in a room.
@Suite struct TypingUsersTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test func `those who write are told once, at most once a second, and end by themselves`() {
        var users = TypingUsers()
        #expect(users.isIdle && users.takeNews(now: start) == nil)
        users.typed("Ada", now: start)
        #expect(users.takeNews(now: start) == ["Ada"])
        #expect(users.takeNews(now: start + .seconds(2)) == nil)
        users.typed("Bob", now: start + .seconds(2))
        #expect(users.takeNews(now: start + .seconds(2)) == ["Ada", "Bob"])
        users.typed("Cleo", now: start + .milliseconds(2500))
        #expect(users.takeNews(now: start + .milliseconds(2900)) == nil)
        #expect(users.takeNews(now: start + .seconds(3)) == ["Ada", "Bob", "Cleo"])
        // Ada goes on, Bob and Cleo do not.
        users.typed("Ada", now: start + .seconds(5))
        #expect(users.takeNews(now: start + .seconds(5)) == nil)
        users.typed("Ada", now: start + .seconds(6))
        #expect(users.takeNews(now: start + .seconds(6)) == ["Ada", "Bob", "Cleo"])
        #expect(users.takeNews(now: start + .seconds(10)) == ["Ada"])
        #expect(!users.isIdle)
        #expect(users.takeNews(now: start + .seconds(13)) == [])
        #expect(users.isIdle)
    }

    @Test func `no more names are told than a line shows`() {
        var users = TypingUsers()
        for n in 0..<50 { users.typed("user\(n)", now: start) }
        #expect(users.takeNews(now: start)?.count == Limits.typingUsers)
    }
}
