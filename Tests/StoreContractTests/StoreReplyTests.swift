import ChatCore
import TestSupport
import Testing

@testable import ChatRedis

/// Replies that no script gives.
@Suite struct StoreReplyTests {
    private let codec = StoreCodec(keys: RedisKeys(prefix: "chat"), retention: .init())

    private func bulk(_ text: String) -> RespValue { .bulk(Array(text.utf8)) }

    /// Each reader, by a reply.
    private var readers: [(RespValue) throws -> Void] {
        let epoch = Epoch(number: 1, dataSet: "d")
        return [
            { _ = try codec.openEpochAnswer($0) }, { _ = try codec.rosterAnswer($0) },
            { _ = try codec.certifyAnswer($0) }, { _ = try codec.reapAnswer($0) },
            { _ = try codec.endGraceAnswer($0) }, { _ = try codec.claimAnswer($0, count: 1) },
            { _ = try codec.releaseAnswer($0) },
            { _ = try codec.publishAnswer($0, count: 1) },
            { _ = try codec.catchUpAnswer($0, of: .lobby, under: epoch) },
        ]
    }

    @Test func `a reply of the wrong shape is told with how it begins`() {
        let wrong: [RespValue] = [
            .null, .status("OK"), .integer(1), .array([]), .array([.integer(1)]),
            .array([bulk("nonsense")]), .array([bulk("epoch"), bulk("x")]),
            .array([bulk("epoch"), bulk("1"), bulk("d"), bulk("2")]),
            .array([bulk("epoch"), bulk("\(Limits.epochs)"), bulk("d"), bulk("0")]),
            .array([bulk("roster"), .array([bulk("x"), bulk("1")]), .array([])]),
            .array([bulk("roster"), .array([]), .array([bulk("x")])]),
            .array([bulk("roster"), .array([bulk("x")]), .array([])]),
            .array([bulk("left"), bulk("-")]),
            .array([
                bulk("verdicts"),
                .array([bulk("granted"), bulk("1"), bulk("UPPER000"), bulk("1"), bulk("1")]),
            ]),
            .array([bulk("verdicts"), .array([bulk("maybe")])]),
            .array([bulk("verdicts"), .array([bulk("taken")]), .array([bulk("taken")])]),
            .array([bulk("accepted"), bulk("1")]),
            .array([bulk("accepted"), bulk("1"), .integer(-1)]),
            .array([bulk("accepted"), bulk("1"), .integer(1), .integer(2)]),
            .array([bulk("verdicts"), bulk("1")]),
            .array([bulk("verdicts"), bulk("1"), .integer(-1)]),
            .array([bulk("verdicts"), bulk("1"), bulk("dup x")]),
            .array([bulk("verdicts"), bulk("1"), bulk("gap")]),
            .array([bulk("verdicts"), bulk("1"), bulk("fenced"), bulk("fenced")]),
            .array([bulk("page"), bulk("proven"), .integer(0), bulk("1"), bulk("no mid")]),
            .array([bulk("page"), bulk("proven"), .integer(0), bulk("0"), bulk("")]),
            .array(
                [bulk("page"), bulk("proven"), .integer(0), bulk("0"), bulk(""), bulk("1")]
                    + [bulk("1-1")]
            ),
            .array(
                [bulk("page"), bulk("proven"), .integer(0), bulk("0"), bulk(""), bulk("1")]
                    + [bulk("1-1"), bulk("1"), bulk("")]
            ),
            .array(
                [bulk("page"), bulk("proven"), .integer(0), bulk("0"), bulk(""), bulk("2")]
                    + [bulk("1-1"), bulk("1"), bulk("aaaaaaaa.1 7\n{\"a\":1}\n")]
            ),
        ]
        for reply in wrong {
            for read in readers {
                let error = #expect(throws: StoreReplyError.self) { try read(reply) }
                guard case .unexpected(let excerpt) = error else {
                    Issue.record("\(reply): \(String(describing: error))")
                    continue
                }
                #expect(!excerpt.isEmpty && excerpt.count <= 200)
            }
        }
    }

    @Test func `an error of Redis's own is handed on in its words`() {
        for read in readers {
            #expect(throws: StoreReplyError.refused("OOM command not allowed")) {
                try read(.error("OOM command not allowed"))
            }
        }
        #expect(throws: StoreReplyError.refused("LOADING")) {
            try codec.heldKeysAnswer(.error("LOADING"))
        }
        #expect(throws: StoreReplyError.unexpected(excerpt: "null")) {
            try codec.heldKeysAnswer(.null)
        }
        #expect(throws: StoreReplyError.refused("LOADING")) {
            try codec.heldPageAnswer(.error("LOADING"))
        }
        let odd = RespValue.array([.bulk(Array("0".utf8)), .array([.bulk(Array("ada".utf8))])])
        #expect(throws: StoreReplyError.self) { try codec.heldPageAnswer(odd) }
        let noPlace = RespValue.array([.bulk(Array("x".utf8)), .array([])])
        #expect(throws: StoreReplyError.self) { try codec.heldPageAnswer(noPlace) }
        let noName = RespValue.array([.bulk(Array("0".utf8)), .array([.null, .null])])
        #expect(throws: StoreReplyError.self) { try codec.heldPageAnswer(noName) }
    }

    @Test func `random replies are answers or errors`() {
        var random = SplitMix(seed: Seed.value)
        let words = [
            "epoch", "roster", "granted", "accepted", "verdicts", "page", "left", "proven", "1",
            "0", "dup 1",
            "gap 2", "3-4", "aaaaaaaa", "aaaaaaaa.1", String(repeating: "a", count: 32), "", "-1",
        ]
        func value(_ depth: Int) -> RespValue {
            switch random.below(depth > 2 ? 8 : 10) {
            case 0: return .null
            case 1: return .integer(Int64(random.below(5)) - 1)
            case 2: return .bulk([0xFF, 0xFE])
            case 3...7: return bulk(words[random.below(words.count)])
            default: return .array((0..<random.below(8)).map { _ in value(depth + 1) })
            }
        }
        for _ in 0..<5_000 {
            let reply = RespValue.array((0..<random.below(9)).map { _ in value(0) })
            for read in readers {
                do {
                    try read(reply)
                } catch {
                    #expect(error is StoreReplyError, "seed \(Seed.value)")
                }
            }
        }
    }
}
