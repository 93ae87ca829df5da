/// Puts one value together from its parts, in the order in which the parser meets them.
///
/// libhiredis would build a tree of its own, which would then be copied; this takes a third of the
/// time, and an array that claims to be long costs next to nothing before its elements are there.
final class RespBuilder {
    /// How many elements the innermost open array lacks, and those it has; 0 and none if none is open.
    private var missing = 0
    private var elements: [RespValue] = []
    /// The arrays around it, the outermost first; the parser nests no deeper than seven.
    private var outer: [(missing: Int, elements: [RespValue])] = []
    private var whole: RespValue?

    /// Adds a value that is no array.
    func add(_ value: RespValue) {
        guard missing > 0 else { return whole = value }
        elements.append(value)
        missing -= 1
        if missing == 0 { close() }
    }

    /// Ends the innermost array, and adds it to the array around it.
    private func close() {
        let value = RespValue.array(elements)
        (missing, elements) = outer.popLast() ?? (0, [])
        add(value)
    }

    /// Begins an array of which `count` elements follow.
    func beginArray(of count: Int) {
        guard count > 0 else { return add(.array([])) }
        if missing > 0 { outer.append((missing, elements)) }
        missing = count
        elements = []
        // A published message has three elements. For more, memory is taken only when they arrive: the
        // count may be false.
        elements.reserveCapacity(min(count, 4))
    }

    /// Hands out the value, if it is complete.
    func take() -> RespValue? {
        defer { whole = nil }
        return whole
    }
}
