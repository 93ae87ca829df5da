/// Why a node cannot go on, for the person who started it.
struct NodeFailure: CustomStringConvertible, Sendable {
    /// What happened, and what to do about it.
    let description: String
    /// The exit status of the process, as in sysexits.h.
    let exitCode: CInt
}
