/// What came over the subscription while a room catches up: in order of arrival, and bounded.
struct SubscriptionBuffer: Sendable {
    enum Item: Sendable {
        /// A publication, with the ticket of the newest question asked before it came.
        case publication(Publication, after: UInt64)
        case external([UInt8])

        fileprivate var byteCount: Int {
            switch self {
            case .publication(let publication, _): publication.byteCount
            case .external(let body): body.count
            }
        }
    }

    private var items: [Item] = []
    private var byteCount = 0
    /// Whether more came than there is room for: everything is dropped, and read from the log
    /// instead.
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

    /// Removes the items that are dealt with; the closure is called in order.
    mutating func removeAll(where isDealtWith: (Item) -> Bool) {
        items.removeAll(where: isDealtWith)
        byteCount = items.reduce(0) { $0 + $1.byteCount }
    }

    /// Removes and returns all items.
    mutating func take() -> [Item] {
        defer { drop() }
        return items
    }

    mutating func drop() { self = SubscriptionBuffer() }
}
