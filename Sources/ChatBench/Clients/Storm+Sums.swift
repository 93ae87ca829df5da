extension Storm.Counts {
    static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.resumes += right.resumes
        sum.missed.add(right.missed)
        sum.stayedBefore.add(right.stayedBefore)
        sum.stayedDuring.add(right.stayedDuring)
        sum.notResumed += right.notResumed
        sum.notRecovered += right.notRecovered
        sum.gaps += right.gaps
        sum.stillAway += right.stillAway
        return sum
    }
}
