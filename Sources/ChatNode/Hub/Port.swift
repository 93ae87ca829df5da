import ChatCore

/// A loop's connection to what orders messages and keeps names.
///
/// On: its loop. What is asked for in one turn leaves together when the turn ends.
protocol Port: Broker, NameRegistry {
    /// Everything this turn had to ask for has been asked for.
    func endTurn()
}
