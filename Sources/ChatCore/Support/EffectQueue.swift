/// Carries out the effects of a state machine, in the order in which it appended them.
///
/// Carrying out one effect may cause another event for the same machine. The effects of that event
/// are queued after those that still wait: carried out at once, in the nested call, they would
/// overtake them, and a machine that relies on the order of its calls would match an answer with
/// the wrong call.
///
/// On: its machine's loop.
public final class EffectQueue<Effect> {
    @usableFromInline var waiting: [Effect] = []
    @usableFromInline var isCarryingOut = false

    /// Makes an empty queue.
    public init() {}

    /// Lets an event append its effects, then carries out all that wait, unless a call further up
    /// the stack is already doing so. Returns true if this call carried them out.
    ///
    /// Inlinable, because generic code that is not specialised looks its types up in every call.
    @discardableResult
    @inlinable
    public func run(_ event: (inout [Effect]) -> Void, _ carryOut: (Effect) -> Void) -> Bool {
        event(&waiting)
        guard !isCarryingOut else { return false }
        guard !waiting.isEmpty else { return true }
        isCarryingOut = true
        var index = 0
        while index < waiting.count {
            let effect = waiting[index]
            index += 1
            carryOut(effect)
        }
        waiting.removeAll(keepingCapacity: true)
        isCarryingOut = false
        return true
    }
}
