/// A dictionary that stores its values next to each other in an array, for many large values.
///
/// Layout: a hash table keeps a quarter to five eighths of its slots empty, and uses memory for all
/// of them. Here only the key and a four-byte index of each entry are in a hash table; with names
/// of 120 bytes that saves a third. Entries are in order of insertion until one is removed.
struct DenseTable<Key: Hashable, Value> {
    private var places: [Key: Int32] = [:]
    /// The keys, in the order of `values`.
    private(set) var keys: [Key] = []
    /// The values, which may be changed one by one; `index(forKey:)` returns the index of a key's
    /// value.
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

    /// Sets the value of a key and returns its former value.
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

    /// Removes a key; the last entry moves to its place.
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

    /// Reserves capacity for a quarter more entries, because a large array need not double.
    private mutating func makeRoom() {
        guard keys.count == values.capacity, keys.count >= Self.many else { return }
        values.reserveCapacity(keys.count + keys.count / 4)
        keys.reserveCapacity(keys.count + keys.count / 4)
    }

    /// The number of entries from which copying the table more often costs less than the memory
    /// that doubling leaves empty.
    private static var many: Int { 1024 }
}

extension DenseTable: Sequence {
    func makeIterator() -> some IteratorProtocol<(key: Key, value: Value)> {
        zip(keys, values).lazy.map { (key: $0, value: $1) }.makeIterator()
    }
}

extension DenseTable: Sendable where Key: Sendable, Value: Sendable {}

/// Remembers the index of the key looked up last: successive messages often have the same sender.
///
/// It is for one pass over one table, which must not grow or shrink meanwhile.
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
