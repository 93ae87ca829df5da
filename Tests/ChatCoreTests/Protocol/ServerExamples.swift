import TestSupport
import Testing

@testable import ChatCore

/// What a node sends in each of the examples, made from what has happened.
enum ServerExamples {
    private static let rules = SessionRules(node: "n1")
    private static let outage = "Redis has stopped answering"
    private static let secret = "5f0c2d6b8a917e43d1c09ab7624e8f35"
    private static let ms: Int64 = 1_700_000_000_000

    /// The messages of the plain dialect, by the names of their examples.
    static func plain() throws -> [String: String] {
        let ada = try Username("Ada")
        func told(_ event: Session.Event) -> String { text(of: event, in: .plain) }
        func refused(_ why: Session.Refusal, _ name: String? = "Ada") -> String {
            told(.refused(why, name: name, about: nil))
        }
        return [
            "logged_in": told(.granted(ada, by: rules, .init())),
            "login_failure.taken": told(.notGranted(name: "Ada", .taken())),
            "login_failure.invalid": told(.notGranted(name: "A da", .invalid(space))),
            "login_failure.forbidden": told(.notGranted(name: "admin", .reserved)),
            "login_failure.unavailable": told(
                .notGranted(name: "Ada", .crowded(retryAfter: .seconds(2)))
            ),
            "logged_out": told(.released(ada)),
            "logged_out.lease_lost": told(.nameLost(ada, isReplaced: false)),
            "chat": try chat(seq: 17, mid: "k3v9x0qa.4"),
            "chat.no-place": external(room: nil),
            "error.bad_json": refused(.malformed(.notJSON), nil),
            "error.bad_message": refused(.malformed(.missing(.username)), nil),
            "error.unknown_type": refused(.malformed(.unknownType)),
            "error.not_logged_in": refused(.notLoggedIn),
            "error.wrong_username": refused(.otherName(held: ada), "Bob"),
            "error.rate_limited": refused(.tooMuch(retryAfter: .milliseconds(50))),
            "error.unavailable": refused(.unavailable(reason: outage, retryAfter: .seconds(1))),
        ]
    }

    /// The messages of `chat.v1`, by the names of their examples.
    static func v1() throws -> [String: String] {
        try names().merging(rooms()) { $1 }.merging(messages()) { $1 }.merging(errors()) { $1 }
    }

    private static func names() throws -> [String: String] {
        let ada = try Username("Ada")
        let first = Session.Login(secret: LoginSecret(secret))
        let second = Session.Login(
            secret: LoginSecret(String(secret.reversed())),
            isResumed: true,
            acked: 4
        )
        let again = Session.Login(secret: nil, isResumed: true, acked: 4)
        let own = Session.ClaimRefusal.taken(retryAfter: .seconds(1))
        let away = Session.ClaimRefusal.unavailable(reason: outage, retryAfter: .seconds(1))
        return [
            "logged_in": told(.granted(ada, by: rules, first)),
            "logged_in.resumed": told(.granted(ada, by: SessionRules(node: "n2"), second)),
            "logged_in.again": told(.granted(try Username("ADA"), by: rules, again)),
            "login_failure.taken": told(.notGranted(name: "Ada", .taken())),
            "login_failure.taken-by-yourself": told(.notGranted(name: "Ada", own)),
            "login_failure.invalid": told(.notGranted(name: "A da", .invalid(space))),
            "login_failure.forbidden": told(.notGranted(name: "admin", .reserved)),
            "login_failure.unavailable": told(.notGranted(name: "Ada", away)),
            "logged_out": told(.released(ada)),
            "logged_out.lease_lost": told(.nameLost(ada, isReplaced: false)),
            "logged_out.replaced": told(.nameLost(ada, isReplaced: true)),
            "pong": told(.pong),
            "status.degraded": told(.status(isDegraded: true)),
            "status.ok": told(.status(isDegraded: false)),
        ]
    }

    private static func rooms() throws -> [String: String] {
        let tea = try RoomName("tea")
        let position = try position(7, 17, "k3v9x0qa.4")
        let birth = try self.position(7, 0, "k3v9x0qa.0")
        let two = presence(tea, 11, ["Ada", "Bob"], count: 2)
        let one = presence(tea, 10, ["Ada"], count: 1)
        let many = presence(tea, 340, nil, count: 201)
        let changed = presence(tea, 12, ["Ada", "Cleo"], count: 2, (["Cleo"], ["Bob"]))
        let three = presence(tea, 13, ["Ada", "Cleo", "Dora"], count: 3)
        return [
            "joined": told(.joined(tea, position, isRecovered: true, two)),
            "joined.now": told(.joined(tea, birth, isRecovered: nil, one)),
            "joined.lost": told(.joined(tea, position, isRecovered: false, many)),
            "joined.presence-unknown": told(.joined(.lobby, position, isRecovered: nil, nil)),
            "synced": told(.synced(tea, seq: 19)),
            "gap": told(.gap(tea, 21...25)),
            "reset": told(.reset(tea, try self.position(8, 25, "w8d2m5rc.6"))),
            "presence": try text(ofFrame: changed.change),
            "presence.members": try text(ofFrame: three.change),
            "presence.count": try text(ofFrame: many.whole),
        ]
    }

    private static func messages() throws -> [String: String] {
        let tea = try RoomName("tea")
        let old = try chat(room: "tea", seq: 16, mid: "k3v9x0qa.3")
        let mid = try #require(MessageID("w8d2m5rc.1"))
        let known = Acceptance(mid: mid, seq: 20, ms: ms)
        let repeated = Acceptance(mid: mid, seq: 20, isRepeated: true)
        let id = Array(#""m1""#.utf8)
        return [
            "chat": try chat(room: "tea", seq: 20, mid: "w8d2m5rc.1"),
            "chat.lobby": try chat(seq: 17, mid: "k3v9x0qa.4"),
            "chat.no-place": external(room: "tea"),
            "history": told(.history(tea, items: Array("[\(old)]".utf8), hasMore: true)),
            "history.removed": told(
                .history(tea, items: Array("[\(try removedPlace())]".utf8), hasMore: false)
            ),
            "removed": try removed(),
            "removed.place": try removedPlace(),
            "typing": try text(ofFrame: TypingFrame.bytes(of: ["Bob", "Cleo"], in: tea)),
            "history.none": told(.history(.lobby, items: Array("[]".utf8), hasMore: false)),
            "ack": told(.accepted(known, .init(room: "tea", id: id, n: 1))),
            "ack.id": told(.accepted(known, .init(room: "lobby", id: Array("-1.5e3".utf8)))),
            "ack.place-unknown": told(
                .accepted(Acceptance(mid: mid, seq: nil), .init(room: "tea", n: 1))
            ),
            "ack.dup": told(.accepted(repeated, .init(room: "tea", id: id, n: 1))),
        ]
    }

    private static func errors() throws -> [String: String] {
        let ada = try Username("Ada")
        let id = { (text: String) in Array("\"\(text)\"".utf8) }
        func refused(
            _ why: Session.Refusal,
            _ name: String? = "Ada",
            _ subject: Session.Subject = .init(room: "tea")
        ) -> String {
            told(.refused(why, name: name, about: subject))
        }
        let away = Session.Refusal.unavailable(reason: outage, retryAfter: .seconds(1))
        return [
            "error.bad_json": refused(.malformed(.notJSON), nil, .init()),
            "error.bad_message": refused(.malformed(.notANumber(.n))),
            "error.unknown_type": refused(.malformed(.unknownType), "Ada", .init()),
            "error.not_logged_in": refused(
                .notLoggedIn,
                "Ada",
                .init(room: "tea", id: id("m1"), n: 1)
            ),
            "error.not_logged_in.passed-on": refused(.nameLost, nil, .init(room: "tea", n: 4)),
            "error.not_logged_in.fate-unknown": refused(
                .fateUnknown,
                nil,
                .init(room: "tea", n: 4)
            ),
            "error.wrong_username": refused(
                .otherName(held: ada),
                "Bob",
                .init(room: "tea", n: 1)
            ),
            "error.rate_limited": refused(
                .tooMuch(retryAfter: .milliseconds(50)),
                "Ada",
                .init(room: "tea", n: 41)
            ),
            "error.unavailable": refused(away, "Ada", .init(room: "tea", n: 2)),
            "error.bad_name": refused(
                .badRoom(.forbiddenCharacter("T")),
                "Ada",
                .init(room: "Tea")
            ),
            "error.too_long": refused(.tooManyRooms(most: 64), nil),
            "error.not_in_room": refused(.notInRoom, nil),
            "error.not_found": refused(
                .noSuchMessage,
                "Ada",
                .init(room: "tea", id: id("m2"), n: 2)
            ),
            "error.forbidden": refused(.notOwnMessage, "Ada", .init(room: "tea", n: 2)),
            "error.resend": refused(
                .outOfOrder(expected: 2),
                "Ada",
                .init(room: "tea", id: id("m3"), n: 3)
            ),
        ]
    }
}

extension ServerExamples {
    private static let space = UsernameError.forbiddenCharacter(" ")

    private static func told(_ event: Session.Event) -> String { text(of: event, in: .v1) }

    private static func text(of event: Session.Event, in dialect: Dialect) -> String {
        var json: [UInt8] = []
        dialect.append(event, to: &json)
        return String(decoding: json, as: UTF8.self)
    }

    private static func text(ofFrame frame: [UInt8]) throws -> String {
        let texts = try FrameDecoder.all(in: frame, of: .server).map(\.text)
        return try #require(texts.count == 1 ? texts.first : nil)
    }

    private static func position(_ epoch: UInt64, _ seq: UInt64, _ mid: String) throws -> Position {
        Position(epoch: epoch, seq: seq, mid: try #require(MessageID(mid)))
    }

    private static func presence(
        _ room: RoomName,
        _ number: UInt64,
        _ names: [String]?,
        count: Int,
        _ change: (joined: [String], left: [String])? = nil
    ) -> PresenceFrames {
        let news = PresenceNews(
            room: room,
            number: number,
            count: count,
            names: names,
            change: change.map { .init(joined: $0.joined, left: $0.left) }
        )
        return PresenceFrames(framing: news)
    }

    private static func chat(room: String? = nil, seq: UInt64, mid: String) throws -> String {
        let value = Array(#""hello""#.utf8)
        let range = 0..<value.count
        let body = ChatBody(username: "Ada", value: range, in: value.span.bytes, room: room)
        var json: [UInt8] = []
        ChatFrame.append(
            body: body.bytes.span.bytes,
            seq: seq,
            timestampMs: ms,
            mid: try #require(MessageID(mid)),
            to: &json
        )
        return String(decoding: json, as: UTF8.self)
    }

    /// The entry that says that a message was taken back.
    private static func removed() throws -> String {
        let mid = try #require(MessageID("w8d2m5rc.1"))
        let body = RemovedBody.notice(
            of: .init(seq: 20, mid: mid),
            by: "Ada",
            reason: Array(#""a slip""#.utf8),
            in: try RoomName("tea")
        )
        return try entry(body, seq: 21, ms: ms + 1000, mid: "w8d2m5rc.2")
    }

    /// What stands in the place of a message that was taken back.
    private static func removedPlace() throws -> String {
        try entry(RemovedBody.blank(in: RoomName("tea")), seq: 20, ms: ms, mid: "w8d2m5rc.1")
    }

    private static func entry(_ body: [UInt8], seq: UInt64, ms: Int64, mid: String) throws -> String
    {
        var json: [UInt8] = []
        ChatFrame.append(
            body: body.span.bytes,
            seq: seq,
            timestampMs: ms,
            mid: try #require(MessageID(mid)),
            to: &json
        )
        return String(decoding: json, as: UTF8.self)
    }

    /// A message that an external program has published.
    private static func external(room: String?) -> String {
        let value = Array(#""the backup is done""#.utf8)
        let range = 0..<value.count
        let body = ChatBody(username: "cron", value: range, in: value.span.bytes, room: room)
        return String(decoding: body.bytes, as: UTF8.self)
    }
}
