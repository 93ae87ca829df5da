import Glibc

/// What a room has said, as the first of a swarm to hear it has heard it: all others must hear the
/// same bytes.
final class RoomRecord {
    /// Whole frames by their numbers. A newcomer may hear a number before others, who have been there
    /// for longer, have read up to it.
    private var frames: [Int: [UInt8]] = [:]
    /// Up to here there is no hole, and every word has been checked. A room begins with number 1.
    private(set) var count = 0
    /// The number of each talker's newest word, up to there.
    private(set) var words: [Int]
    private let filler = String(repeating: "x", count: RoomRecord.longestFiller)

    /// Long enough that a client that stops reading is blocked within a few round trips, and that what
    /// the socket still takes ends in the middle of a frame.
    static let longestFiller = 3000

    init(talkers: Int) {
        words = Array(repeating: 0, count: talkers)
    }

    /// The frame that everybody hears behind that of this number.
    func next(after seq: Int) -> [UInt8]? { frames[seq + 1] }

    /// What a talker says: told by its number, and no two of the same talker are the same.
    func message(_ word: Int, of talker: Int) -> String {
        // The length is the word's own, so that a listener knows it.
        let length = word &* 7919 % Self.longestFiller
        let value = "\(talker).\(word).\(filler.prefix(length))"
        return #"{"type":"chat","username":"talker\#(talker)","value":"\#(value)"#
    }

    /// A frame with a `chat`, heard by somebody who has heard that number last. The answer is its
    /// number.
    func hear(_ frame: [UInt8], payload: String, after last: Int?) throws -> Int {
        guard let key = payload.firstRange(of: #"","seq":"#),
            let seq = Int(payload[key.upperBound...].prefix { $0 != "," })
        else { throw Unexpected("a chat without a number: \(payload)") }
        if let last, seq != last + 1 { throw Unexpected("number \(seq) after \(last)") }
        guard let known = frames[seq] else {
            frames[seq] = frame
            try check()
            return seq
        }
        guard known == frame else {
            throw Unexpected("number \(seq) is not what others have heard: \(payload)")
        }
        return seq
    }

    /// Goes on as far as there is no hole.
    private func check() throws {
        while let frame = frames[count + 1] {
            count += 1
            let payload = String(decoding: frame.dropFirst(frame[1] == 126 ? 4 : 2), as: UTF8.self)
            guard let key = payload.firstRange(of: #"","seq":"#) else { continue }
            try check(payload[..<key.lowerBound], payload)
        }
    }

    /// That it is the next word of one of the talkers.
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
