/// The sentences for people whose requests fail.
extension BrokerClient {
    static let starting = "The node is not connected yet; try again in a moment"
    static let busy = "The node cannot send that much at present; try again in a moment"
    static let tooManyRooms =
        "The node takes part in as many rooms as it can; try another room, or again later"
    /// The sentence if the node has lost touch with its broker.
    public static let lostTouch =
        "The node has lost touch with the others for a moment; try again"
}
