/// The vocabulary that a node and a client use on one socket; the handshake picks it.
///
/// A dialect reads a client's text as a `Session.Request`, and phrases a `Session.Event`. What
/// happens in between is the session's subject, which knows no dialect. A new one is a case here,
/// and a folder beside `Plain`.
public enum Dialect: Sendable, CaseIterable {
    /// The original vocabulary: see `PlainDialect`.
    case plain
    /// Rooms, receipts and places in a room's order: see `V1Dialect`.
    case v1

    /// The subprotocols of all dialects that have one.
    public static let subprotocols = allCases.compactMap(\.subprotocol)

    /// What a handshake agrees on so that the dialect is spoken; nil: on nothing.
    public var subprotocol: String? {
        switch self {
        case .plain: nil
        case .v1: "chat.v1"
        }
    }

    /// Makes the dialect of a socket whose handshake has agreed on a subprotocol, or on none.
    public init(subprotocol: String?) {
        self = Self.allCases.first { $0.subprotocol == subprotocol } ?? .plain
    }

    /// Takes a whole text message of a session's client.
    ///
    /// Cost: one pass over the text. A message in the client's own name allocates only its body.
    public func receive(
        _ text: RawSpan,
        by session: inout Session,
        now: Instant,
        into effects: inout [Session.Effect]
    ) {
        switch self {
        case .plain:
            session.receive(PlainDialect.request(text), in: text, now: now, into: &effects)
        case .v1:
            session.receive(V1Dialect.request(text), in: text, now: now, into: &effects)
        }
    }

    /// Appends the JSON with which a client is told of an event.
    public func append(_ event: Session.Event, to json: inout [UInt8]) {
        switch self {
        case .plain: PlainDialect.message(event)?.encode(into: &json)
        case .v1: V1Dialect.append(event, to: &json)
        }
    }
}

extension Dialect {
    /// How the messages of a room are framed for clients of this dialect.
    public var encoding: Encoding {
        switch self {
        case .plain: .plain
        case .v1: .v1
        }
    }

    /// Whether a client is told a secret with which it takes its name over when it comes back.
    public var isResumable: Bool { self == .v1 }

    /// Whether clients are told of the node's status.
    public var hasStatus: Bool { self == .v1 }

    /// Whether clients hear the lobby from the moment at which their socket opens, without asking.
    public var hearsLobby: Bool { self == .plain }
}

/// A way in which the messages of a room are framed. Clients of one encoding are sent the same bytes.
public enum Encoding: Sendable, Equatable {
    /// A text frame for each `chat`.
    case plain
    /// A text frame for each entry of the room's order.
    case v1
}
