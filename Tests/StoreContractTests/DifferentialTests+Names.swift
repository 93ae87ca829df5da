import TestSupport
import Testing
@testable import ChatCore
@testable import ChatRedis

/// The records of names that both keep.
extension Both {
    mutating func compareNames() throws {
        let keys = redis.codec.keys
        for key in ["ada", "bob", "ève"] {
            let record = store.store.names[key]
            let ours = record.map { record in
                [
                    record.holder?.description,
                    record.isGivenUp ? nil : record.login.description,
                    record.isGivenUp ? nil : record.producer.description,
                    "\(record.fence)", "\(record.epoch)", record.hasPassed ? "1" : nil,
                    record.isGivenUp || record.reserved == 0
                        ? nil : "\(record.login) \(record.reserved)",
                ]
            }
            let theirs = try redis.client.run(
                "HMGET",
                keys.name(key),
                "node",
                "session",
                "lineage",
                "fence",
                "epoch",
                "passed",
                "reserved"
            )
            let texts = theirs.elements?.map(\.text) ?? []
            try same("name", "", key, ours ?? Array(repeating: nil, count: 7), texts)
            if let record, !record.isGivenUp { try compareLast(record, key) }
            // Only a free name is forgotten.
            let isForgotten = try redis.client.run("TTL", keys.name(key)).number ?? -2 >= 0
            let isFree = store.store.names[key].map { $0.holder == nil } ?? false
            try same("forgetting", "", key, isFree, isForgotten)
        }
        let sets = try redis.client.run("KEYS", keys.heldStem + "*").elements ?? []
        let ours = store.store.held.keys.map(keys.held)
        try same("held", "", "", Set(ours), Set(sets.compactMap(\.text)))
        for incarnation in store.store.held.keys {
            let (ours, theirs) = (
                store.heldKeys(of: incarnation), try redis.heldKeys(of: incarnation)
            )
            try same("held", "", incarnation, Set(ours), Set(theirs))
        }
    }

    /// A name's last number and place stand where it is held, or, while it is free, in its record.
    private mutating func compareLast(_ record: NameRecord, _ key: String) throws {
        let keys = redis.codec.keys
        let last = ["\(record.n)", "\(record.seq)"]
        guard let holder = record.holder else {
            let theirs = try redis.client.run("HMGET", keys.name(key), "n", "seq").elements
            return try same("last", "free", key, last, theirs?.map { $0.text ?? "" } ?? [])
        }
        let fence = "\(record.fence)"
        let ours = [
            "\(record.login)", String(repeating: "0", count: 20 - fence.count) + fence,
            "\(record.producer)",
        ]
        let theirs = try redis.client.run("HGET", keys.held(by: holder), key).text
        try same("last", "held", key, (ours + last).joined(separator: " "), theirs ?? "")
    }
}
