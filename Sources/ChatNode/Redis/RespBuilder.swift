/// Puts one value together from its parts, in the order in which the parser meets them.
///
/// libhiredis would build a tree of its own, which would then be copied; this takes a third of the
/// time, and an array that claims to be long costs next to nothing before its elements are there.
final class RespBuilder {
    /// What the innermost array lacks, and has; 0 and nothing where none is open.
    private var missing = 0
    private var elements: [RespValue] = []
    /// The arrays around it, the outermost first; the parser nests no deeper than seven.
    private var outer: [(missing: Int, elements: [RespValue])] = []
    private var whole: RespValue?

    /// A value that is complete in itself.
    func add(_ value: RespValue) {
        guard missing > 0 else { return whole = value }
        elements.append(value)
        missing -= 1
        if missing == 0 { close() }
    }

    /// The innermost array is complete, and is an element of the one around it.
    private func close() {
        let value = RespValue.array(elements)
        (missing, elements) = outer.popLast() ?? (0, [])
        add(value)
    }

    /// The head of an array; so many values follow.
    func beginArray(of count: Int) {
        guard count > 0 else { return add(.array([])) }
        if missing > 0 { outer.append((missing, elements)) }
        missing = count
        elements = []
        // What is published comes in threes; more is believed when it is there.
        elements.reserveCapacity(min(count, 4))
    }

    /// Hands out the value, if it is complete.
    func take() -> RespValue? {
        defer { whole = nil }
        return whole
    }
}
