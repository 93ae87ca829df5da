extension Setting {
    /// Returns the setting that a line of the file probably meant, if one is close enough.
    static func closest(to word: String) -> Setting? {
        closestWord(to: word, among: keysOutsideFlags).flatMap(named)
    }

    /// Returns the variable that was probably meant. `word` is the name without our prefix.
    static func closestVariable(to word: String) -> String? {
        closestWord(to: word, among: keysOutsideFlags + [passwordKey]).map(variable(of:))
    }

    /// Keys that the file and the environment may give: a hint at another would be refused in turn.
    private static let keysOutsideFlags = all.filter { $0.flagOnly == nil }.map(\.key)
}

/// Returns the candidate, in kebab case, that a misspelt word probably meant, if one is close enough.
func closestWord(to word: String, among candidates: [String]) -> String? {
    let word = word.lowercased().map { $0 == "_" ? "-" : $0 }
    // A third of the letters wrong is a typing error; more is another word.
    return candidates.map { (word: $0, distance: editDistance(word, Array($0))) }
        .filter { $0.distance <= max(1, $0.word.count / 3) }
        .min { $0.distance < $1.distance }?
        .word
}

/// Returns how many letters have to be inserted, deleted, replaced or swapped with their neighbour to
/// turn one word into the other ("optimal string alignment").
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
