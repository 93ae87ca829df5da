/// A search for names that the broker takes for this process's and that no session of it knows: what
/// a lost answer or a mistake has left behind.
///
/// One page of names at a time: no call waits for thousands, and all names are never in memory twice.
struct NameAudit: Sendable {
    let number: Int
    let incarnation: Incarnation
    /// The hashes of the names that sessions hold, from when the search began. A name that is held
    /// since then is taken for unknown, and found when the sessions are asked once more.
    var known: Set<Int> = []
    /// The names of the present page that no session knew.
    private(set) var unknown: [String] = []
    /// Their fencing tokens, as far as they have been read; 0 for a name without a record, of which
    /// only its place among those held is left.
    private(set) var fences: [UInt64] = []
    /// The place of the next page; 0 if there is none.
    private(set) var next: UInt64 = 0

    init(number: Int, incarnation: Incarnation) {
        self.number = number
        self.incarnation = incarnation
    }

    /// Takes a page. A name may stand on it twice.
    mutating func take(page keys: [String], next: UInt64) {
        self.next = next
        fences = []
        var listed: Set<String> = []
        unknown = keys.filter { !known.contains($0.hashValue) && listed.insert($0).inserted }
    }

    /// Takes the fencing token of the next unknown name. True if it was the last one's.
    mutating func take(fence: UInt64?) -> Bool {
        fences.append(fence ?? 0)
        return fences.count == unknown.count
    }

    /// Returns what frees the names that no session may hold. A record that has changed since its
    /// fencing token was read is left alone.
    func releases(held: [Bool]) -> [Release] {
        zip(zip(unknown, fences), held).compactMap { name, isHeld in
            isHeld
                ? nil
                : Release(
                    key: name.0,
                    incarnation: incarnation,
                    condition: .fence(name.1),
                    action: .empty
                )
        }
    }
}
