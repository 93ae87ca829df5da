/// Puts one value together from its parts, in the order in which the parser meets them.
///
/// libhiredis would build a tree of its own, which would then be copied; this takes a third of the
/// time, and an array that claims to be long costs next to nothing before its elements are there.
final class RespBuilder {
    /// Arrays that lack elements, the outermost first; the parser nests no deeper than seven.
    private var open: [(missing: Int, elements: [RespValue])] = []
    private var whole: RespValue?

    /// A value that is complete in itself.
    func add(_ value: RespValue) {
        var value = value
        while let last = open.indices.last {
            open[last].elements.append(value)
            open[last].missing -= 1
            guard open[last].missing == 0 else { return }
            value = .array(open.removeLast().elements)
        }
        whole = value
    }

    /// The head of an array; so many values follow.
    func beginArray(of count: Int) {
        guard count > 0 else { return add(.array([])) }
        var elements: [RespValue] = []
        // What is published comes in threes; more is believed when it is there.
        elements.reserveCapacity(min(count, 4))
        open.append((count, elements))
    }

    /// Hands out the value, if it is complete.
    func take() -> RespValue? {
        defer { whole = nil }
        return whole
    }
}
