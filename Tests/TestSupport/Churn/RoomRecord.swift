import Glibc

/// What was sent in a room, as the first connection of a churn to receive it got it: all others
/// must get the same bytes.
final class RoomRecord {
    /// Payloads by their numbers. A new connection may receive a number before older ones have
    /// read up to it.
    private var payloads: [Int: [UInt8]] = [:]
    /// The number up to which there is no gap and every word has been checked. A room begins with
    /// number 1.
    private(set) var count = 0
    /// The number of each talker's newest word, up to there.
    private(set) var words: [Int]
    private let filler = String(repeating: "x", count: RoomRecord.longestFiller)

    /// Long enough that a client that stops reading is blocked within a few round trips, and that
    /// what the socket still takes ends in the middle of a frame.
    static let longestFiller = 3000

    init(talkers: Int) {
        words = Array(repeating: 0, count: talkers)
    }

    /// Returns the payload that every connection receives after that number.
    func next(after seq: Int) -> [UInt8]? { payloads[seq + 1] }

    /// Returns a talker's message: it contains its number, so that no two of one talker are the
    /// same.
    func message(_ word: Int, of talker: Int) -> String {
        // The length follows from the word's number, so that a receiver knows it.
        let length = word &* 7919 % Self.longestFiller
        let value = "\(talker).\(word).\(filler.prefix(length))"
        return #"{"type":"chat","username":"talker\#(talker)","value":"\#(value)"#
    }

    /// Checks the payload of a `chat` from a connection whose last number was `last`, and returns
    /// its number.
    func hear(_ payload: [UInt8], text: String, after last: Int?) throws -> Int {
        guard let key = text.firstRange(of: #"","seq":"#),
            let seq = Int(text[key.upperBound...].prefix { $0 != "," })
        else { throw Unexpected("a chat without a number: \(text)") }
        if let last, seq != last + 1 { throw Unexpected("number \(seq) after \(last)") }
        guard let known = payloads[seq] else {
            payloads[seq] = payload
            try check()
            return seq
        }
        guard known == payload else {
            throw Unexpected("number \(seq) is not what others have heard: \(text)")
        }
        return seq
    }

    /// Checks the words up to the first gap.
    private func check() throws {
        while let payload = payloads[count + 1] {
            count += 1
            let text = String(decoding: payload, as: UTF8.self)
            guard let key = text.firstRange(of: #"","seq":"#) else { continue }
            try check(text[..<key.lowerBound], text)
        }
    }

    /// Checks that a message is the next word of one of the talkers.
    private func check(_ message: Substring, _ payload: String) throws {
        for talker in words.indices
        where message.hasPrefix(#"{"type":"chat","username":"talker\#(talker)","#) {
            guard message == self.message(words[talker] + 1, of: talker) else {
                throw Unexpected("not word \(words[talker] + 1) of talker \(talker): \(payload)")
            }
            words[talker] += 1
            return
        }
        throw Unexpected("nobody's chat: \(payload)")
    }
}
