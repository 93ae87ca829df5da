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
        guard case .tcp(listener.host, listener.port) = admin.address, listener.port != 0 else {
            return []
        }
        return [
            Contradiction(
                key: "admin",
                other: "port",
                complaint: "\(admin.address) is where clients connect",
                fix: "another port for one of the two; operators' things are not for clients"
            )
        ]
    }
}
