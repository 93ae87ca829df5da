import ChatCore
import ChatSupport

extension String {
    /// The first line, safe to print and short enough for one line of ours.
    var redisExcerpt: String {
        let line = prefix { !$0.isNewline }
        let longest = Limits.redisExcerptCharacters
        return line.count <= longest
            ? String(line).printable : "\(String(line.prefix(longest)).printable)…"
    }
}
