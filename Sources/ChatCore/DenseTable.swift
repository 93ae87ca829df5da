/// A dictionary whose values lie side by side: for large values, of which there are many.
///
/// A hash table is a quarter to five eighths empty, and touches all of its memory. Here that is so for
/// four bytes of each entry and its key; with names of 120 bytes it saves a third. Order is that of
/// insertion until something is removed.
struct DenseTable<Key: Hashable, Value> {
    private var places: [Key: Int32] = [:]
    /// In the order of `values`.
    private(set) var keys: [Key] = []
    /// To be changed one by one; `index(forKey:)` says which is whose.
    var values: [Value] = []

    var count: Int { keys.count }
    var isEmpty: Bool { keys.isEmpty }

    func index(forKey key: Key) -> Int? {
        places[key].map(Int.init)
    }

    subscript(key: Key) -> Value? {
        get { index(forKey: key).map { values[$0] } }
        set {
            if let newValue { updateValue(newValue, forKey: key) } else { removeValue(forKey: key) }
        }
    }

    /// The answer is the value before.
    @discardableResult
    mutating func updateValue(_ value: Value, forKey key: Key) -> Value? {
        if let index = index(forKey: key) {
            let former = values[index]
            values[index] = value
            return former
        }
        makeRoom()
        places[key] = Int32(keys.count)
        keys.append(key)
        values.append(value)
        return nil
    }

    /// The last entry takes the place of the one that goes.
    @discardableResult
    mutating func removeValue(forKey key: Key) -> Value? {
        guard let place = places.removeValue(forKey: key) else { return nil }
        let last = keys.count - 1
        if place < last { places[keys[last]] = place }
        keys.swapAt(Int(place), last)
        values.swapAt(Int(place), last)
        keys.removeLast()
        return values.removeLast()
    }

    /// An array doubles; a large one need not.
    private mutating func makeRoom() {
        guard keys.count == values.capacity, keys.count >= Self.many else { return }
        values.reserveCapacity(keys.count + keys.count / 4)
        keys.reserveCapacity(keys.count + keys.count / 4)
    }

    /// From here on copying a table more often is cheaper than the room that doubling leaves empty.
    private static var many: Int { 1024 }
}

extension DenseTable: Sequence {
    func makeIterator() -> some IteratorProtocol<(key: Key, value: Value)> {
        zip(keys, values).lazy.map { (key: $0, value: $1) }.makeIterator()
    }
}

extension DenseTable: Sendable where Key: Sendable, Value: Sendable {}

/// Where the entry stands that was looked for last: messages that go together are often of few
/// senders.
///
/// For one pass over one table, which must not grow or shrink meanwhile.
struct LastFound<Key: Hashable> {
    private var key: Key?
    private var index: Int?

    mutating func index<Value>(of key: Key, in table: DenseTable<Key, Value>) -> Int? {
        if key != self.key {
            self.key = key
            index = table.index(forKey: key)
        }
        return index
    }
}
