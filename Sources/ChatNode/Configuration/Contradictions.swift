import ChatSupport

extension Configuration {
    /// Values that are fine alone and do not fit together, within each section and between sections.
    var contradictions: [ConfigurationError.Problem] {
        let found = ConfigurationSection.all.flatMap { $0.contradictions(self) }
        return (found + betweenSections).map { contradiction in
            .contradiction(
                key: contradiction.key,
                complaint: contradiction.complaint,
                other: contradiction.other,
                fix: contradiction.fix,
                at: [source(of: contradiction.key), source(of: contradiction.other)]
            )
        }
    }

    private var betweenSections: [Contradiction] {
        [portContradiction, historyContradiction].compactMap(\.self)
    }

    private var portContradiction: Contradiction? {
        guard case .tcp(listener.host, listener.port) = admin.address, listener.port != 0 else {
            return nil
        }
        return Contradiction(
            key: "admin",
            other: "port",
            complaint: "\(admin.address) is where clients connect",
            fix: "another port for one of the two; operators' things are not for clients"
        )
    }

    /// Checks that a room can keep one message of any length, unless it keeps none: then its other bounds
    /// have no effect.
    private var historyContradiction: Contradiction? {
        guard room.history > 0, room.historyBytes < client.messageSize else { return nil }
        let size = Units.text(bytes: client.messageSize)
        return Contradiction(
            key: "history-bytes",
            other: "message-size",
            complaint: "\(Units.text(bytes: room.historyBytes)) is less than one message of "
                + "message-size, \(size)",
            fix: "a history-bytes of \(size) or more, or a smaller message-size"
        )
    }
}
