import ChatCore

/// The part of an event loop that a test needs of it: a client of the broker whose effects are
/// carried out in order, and whose turns end after each event.
protocol ClientLoop: AnyObject {
    var client: BrokerClient { get set }
    var effects: EffectQueue<BrokerClient.Effect> { get }
    var now: Instant { get }
    func carryOut(_ effect: BrokerClient.Effect)
    /// Continues after a turn, all of whose effects have been carried out.
    func turnEnded()
}

extension ClientLoop {
    func turnEnded() {}

    /// Lets the client take an event, carries out what it wants, and ends the turn; if that is
    /// called while an effect is carried out, a call further up the stack does the rest.
    func ask(_ event: (inout BrokerClient, inout [BrokerClient.Effect]) -> Void) {
        guard effects.run({ event(&client, &$0) }, carryOut) else { return }
        while !client.isTurnEmpty {
            effects.run({ client.endTurn(now: now, into: &$0) }, carryOut)
        }
        turnEnded()
    }
}
