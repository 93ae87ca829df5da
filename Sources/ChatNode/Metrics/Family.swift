/// All metrics of one name, as Prometheus reads them: what they mean, of what kind they are.
struct Family: Sendable {
    enum Kind: Sendable, Equatable {
        /// A number that only grows.
        case counter
        case gauge
        case histogram(Buckets)

        /// The kind's name in the text format.
        var word: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    /// `chatnode_…`, with its unit; a counter's ends in `_total`.
    let name: String
    let kind: Kind
    /// Says, for the reader of a graph, what is counted and where it is measured.
    let help: String

    init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }
}

/// The bounds of a histogram's buckets. They are the same on every node and in every version, so
/// that the buckets can be added up.
struct Buckets: Sendable, Equatable {
    /// The most buckets that a histogram may have, not counting the one without a bound.
    static let most = 23

    /// The upper bounds, ascending, in whole numbers of the unit that is counted in, for example
    /// nanoseconds.
    let bounds: [Int64]
    /// How many of the counted units make one of the unit that is shown.
    let scale: Double

    /// 10 µs to 10 s in steps of 1, 2.5, 5: from a call to a Redis on the same machine to the time
    /// after which people give up.
    static let seconds = decades(from: 10_000, count: 19, scale: 1e9)
    /// 1 to 256 in powers of two: the messages of a batch, up to the largest
    /// (`Limits.batchMessages`).
    static let messages = Buckets(bounds: (0...8).map { 1 << $0 }, scale: 1)
    /// 0.001 to 10,000 in steps of 1, 2.5, 5: for what a library measures, in a unit of its own.
    static let any = decades(from: 1000, count: 22, scale: 1e6)

    private static func decades(from first: Int64, count: Int, scale: Double) -> Buckets {
        var bounds: [Int64] = []
        var decade = first
        while bounds.count < count {
            bounds += [decade, decade * 5 / 2, decade * 5]
            decade *= 10
        }
        return Buckets(bounds: Array(bounds.prefix(count)), scale: scale)
    }
}
