/// What came over the subscription while a room is being caught up with: in its order, and bounded.
struct SubscriptionBuffer: Sendable {
    enum Item: Sendable {
        /// With the ticket of the newest question that was asked before it came.
        case publication(Publication, after: UInt64)
        case byHand([UInt8])

        fileprivate var byteCount: Int {
            switch self {
            case .publication(let publication, _): publication.byteCount
            case .byHand(let body): body.count
            }
        }
    }

    private var items: [Item] = []
    private var byteCount = 0
    /// More came than there is room for: all of it is dropped, and read from the log.
    private(set) var hasOverflowed = false

    mutating func add(_ item: Item) {
        guard !hasOverflowed else { return }
        guard items.count < Limits.heldMessages, byteCount + item.byteCount <= Limits.heldBytes
        else {
            drop()
            hasOverflowed = true
            return
        }
        items.append(item)
        byteCount += item.byteCount
    }

    /// Takes out what is dealt with, in order.
    mutating func removeAll(where isDealtWith: (Item) -> Bool) {
        items.removeAll(where: isDealtWith)
        byteCount = items.reduce(0) { $0 + $1.byteCount }
    }

    /// Hands everything out, and is empty afterwards.
    mutating func take() -> [Item] {
        defer { drop() }
        return items
    }

    mutating func drop() { self = SubscriptionBuffer() }
}
