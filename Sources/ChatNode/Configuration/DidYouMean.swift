extension Setting {
    /// The setting that a line of the file probably meant, if one is close enough.
    static func closest(to word: String) -> Setting? {
        closestKey(to: word, among: keysOutsideFlags).flatMap(named)
    }

    /// The variable somebody probably meant, without the prefix that it was found by.
    static func closestVariable(to word: String) -> String? {
        closestKey(to: word, among: keysOutsideFlags + [passwordKey]).map(variable(of:))
    }

    /// What the file and the environment may say: a hint at anything else would be refused in turn.
    private static let keysOutsideFlags = all.filter { $0.flagOnly == nil }.map(\.key)

    private static func closestKey(to word: String, among keys: [String]) -> String? {
        let word = word.lowercased().map { $0 == "_" ? "-" : $0 }
        // A third of the letters wrong is a typing error; more is another word.
        let candidates = keys.map { (key: $0, distance: editDistance(word, Array($0))) }
            .filter { $0.distance <= max(1, $0.key.count / 3) }
        return candidates.min { $0.distance < $1.distance }?.key
    }
}

/// How many letters have to be inserted, deleted, replaced or swapped with their neighbour
/// ("optimal string alignment").
///
/// Cost: the product of the lengths.
func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            let replaced = last[j] + (a[i] == b[j] ? 0 : 1)
            var best = min(replaced, last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                best = min(best, beforeLast[j - 1] + 1)
            }
            row.append(best)
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
