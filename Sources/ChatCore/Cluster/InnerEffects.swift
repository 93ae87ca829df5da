/// The effects of a machine inside another one, to be carried out in order.
///
/// An effect may be an event for the machine that wanted it: the effects of that event come after
/// those that are still to be carried out. `EffectQueue` does the same for an owner that is an
/// object.
struct InnerEffects<Effect: Sendable>: Sendable {
    /// Where the machine appends its effects.
    var waiting: [Effect] = []
    private var index = 0
    private var isCarryingOut = false

    /// Begins to carry out. Returns false if a call further up the stack is doing so.
    mutating func begin() -> Bool {
        guard !isCarryingOut else { return false }
        isCarryingOut = true
        return true
    }

    /// Returns the next effect; nil ends what `begin` has begun.
    mutating func next() -> Effect? {
        guard index < waiting.count else {
            waiting.removeAll(keepingCapacity: true)
            index = 0
            isCarryingOut = false
            return nil
        }
        defer { index += 1 }
        return waiting[index]
    }
}
