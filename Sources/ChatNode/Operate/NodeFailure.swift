/// Why a node cannot go on, for the person who started it.
struct NodeFailure: CustomStringConvertible, Sendable {
    /// What happened, and what to do about it.
    let description: String
    /// As in sysexits.h.
    let exitCode: CInt
}
