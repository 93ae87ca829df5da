import ChatCore
import ChatRedis
import ChatSupport

extension LoopPlan.Need {
    /// What a node needs: its listeners, the operators' loop and listener, and the connections of its
    /// backend, for each loop and besides.
    static func ofNode(hasAdmin: Bool, backend: (each: Int, besides: Int), addresses: Int) -> Self {
        // Two more, because an existing socket at the same path is checked by a connection.
        let admin = hasAdmin ? Limits.loopDescriptors + 2 : 0
        return LoopPlan.Need(
            descriptorsEach: Limits.loopDescriptors + backend.each,
            descriptorsBesides: addresses + admin + backend.besides + Limits.spareDescriptors
        )
    }
}
