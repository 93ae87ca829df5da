extension Store {
    /// Carries out a loop's call at a time in Unix milliseconds. Returns the answer, and what is to
    /// be delivered if the call has put messages into a room's order. `takeReplaced` returns whose names
    /// it has taken over, and `takePresenceChanges` who has joined and left rooms.
    public mutating func answer(
        _ call: BrokerCall,
        ms: Int64
    ) -> (BrokerAnswer, delivery: Publication?) {
        switch call {
        case .claims(let call): return (.claims(claim(call)), nil)
        case .release(let release):
            _ = self.release(release, ms: ms)
            return (.released, nil)
        case .publish(let call):
            let (answer, publication) = publish(call, ms: ms)
            return (.publish(answer), publication)
        case .presence(let call): return (.presence(move(call)), nil)
        }
    }
}
