/// Returns the highest index that satisfies a condition, if all indices below one that satisfies it
/// do so too. The lowest index is taken to satisfy it.
///
/// Cost: a binary search.
@inline(__always)
func lastIndex(in indices: Range<Int>, where holds: (Int) -> Bool) -> Int {
    var low = indices.lowerBound
    var high = indices.upperBound - 1
    while low < high {
        let middle = (low + high + 1) / 2
        if holds(middle) { low = middle } else { high = middle - 1 }
    }
    return low
}
