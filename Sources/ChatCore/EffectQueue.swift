/// Carries out what a machine wants done, in the order in which it has wanted it.
///
/// What comes of one effect may be another event for the same machine. Its effects queue up behind
/// those that are still to come: carried out at once, inside, they would overtake them, and a machine
/// that counts on the order of its calls would take one answer for another's.
/// On: its machine's loop.
public final class EffectQueue<Effect> {
    @usableFromInline var waiting: [Effect] = []
    @usableFromInline var isCarryingOut = false

    /// A queue with nothing in it.
    public init() {}

    /// Lets an event append its effects, then carries out everything that waits; unless that is
    /// being done already, further up the stack. True where it was done here.
    ///
    /// Inlined into its users: generic code that is not looks its types up in every call.
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
