/// What a session tells its client.
extension Session {
    func fail(_ name: String, _ why: ClaimRefusal, _ effects: inout [Effect]) {
        effects.append(.tell(.notGranted(name: name, why)))
    }

    func refuse(
        _ why: Refusal,
        _ request: Request,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) {
        let sent = request.name?.decoded(in: text)
        let name = sent ?? name.held?.display
        effects.append(.tell(.refused(why, name: name, about: Subject(request, in: text))))
    }

    func flood(_ effects: inout [Effect]) {
        let reason: StaticString = "too many messages after being told to wait"
        effects.append(.close(.flooding, reason: reason))
    }
}

extension Session.Subject {
    /// Makes the subject of a request; nil if the request says nothing of it.
    init?(_ request: Session.Request, in text: RawSpan) {
        guard let about = request.about else { return nil }
        room = about.room?.decoded(in: text)
        id = request.id(in: text)
        n = about.n
    }
}
