@testable import ChatCore

extension Store {
    /// The number of names that are held.
    var heldNames: Int { held.values.reduce(0) { $0 + $1.count } }
}
