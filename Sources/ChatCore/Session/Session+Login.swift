/// Getting a name, and losing it.
extension Session {
    /// Asks for the name in a request.
    mutating func claim(
        _ request: Request,
        _ secret: JSONString?,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) {
        guard let sent = request.name?.decoded(in: text) else {
            return fail("", .notText, &effects)
        }
        let username: Username
        do {
            username = try Username(sent)
        } catch {
            return fail(sent, .invalid(error), &effects)
        }
        // The name held is claimed too: only the broker's side knows whether it is confirmed, and a
        // new spelling is shown from then on.
        let held = name.held
        if held != username, rules.reservedKeys.contains(username.key) {
            fail(username.display, .reserved, &effects)
        } else {
            name = .claiming(username, former: held)
            guard isResumable else { return effects.append(.claim(username)) }
            let proof = secret?.decoded(in: text).flatMap { LoginSecret($0) }.map { LoginID($0) }
            effects.append(.claimResumable(username, proof: proof))
        }
    }

    /// Takes the answer to a claim.
    mutating func claimed(_ outcome: ClaimOutcome, into effects: inout [Effect]) {
        guard case .claiming(let wanted, let former) = name else {
            preconditionFailure("an answer to a claim that was not made")
        }
        switch outcome {
        case .granted(let secret, let resumedAt):
            granted(wanted, former, secret, resumedAt, &effects)
        case .taken(let wait):
            name = Name(former)
            fail(wanted.display, .taken(retryAfter: wait), &effects)
        case .unavailable(let reason):
            name = Name(former)
            let why = ClaimRefusal.unavailable(reason: reason, retryAfter: Limits.retryAfter)
            fail(wanted.display, why, &effects)
        case .crowded(let wait):
            name = Name(former)
            fail(wanted.display, .crowded(retryAfter: wait), &effects)
        case .cancelled:
            name = Name(former)
        }
        goOn(&effects)
    }

    private mutating func granted(
        _ wanted: Username,
        _ former: Username?,
        _ secret: LoginSecret?,
        _ resumedAt: UInt64?,
        _ effects: inout [Effect]
    ) {
        name = .held(wanted)
        let isSame = former == wanted
        if !isSame { begin(at: resumedAt ?? 0) }
        let login = Login(
            secret: secret,
            isResumed: isSame || resumedAt != nil,
            acked: conversation?.acked ?? 0
        )
        effects.append(.tell(.granted(wanted, by: rules, login)))
        isUntold = !isSocketOpen && resumedAt == nil && !isSame
        if let former, !isSame {
            name = .changed(to: wanted)
            // If the answer is lost, the user comes back to this one.
            effects.append(.release(former, isResumable ? .empty : .delete))
        }
    }

    /// Takes the answer to a release: the name that was given up is free.
    mutating func released(into effects: inout [Effect]) {
        switch name {
        case .releasing(let username):
            name = .none
            effects.append(.tell(.released(username)))
        case .changed(let username):
            name = Name(username)
        case .leaving:
            name = .none
        case .none, .held, .claiming, .over:
            preconditionFailure("an answer to a release that was not asked for")
        }
        goOn(&effects)
    }

    /// Takes the loss of a name: it has passed on to another user's login, while the node could not prove
    /// that it was its own; or to a newer one of the same user, which ends this one's socket.
    mutating func nameLost(
        _ lost: Username,
        isReplaced: Bool,
        into effects: inout [Effect]
    ) {
        guard name.held == lost else { return }
        switch name {
        case .held: name = .none
        case .claiming(let wanted, _): name = .claiming(wanted, former: nil)
        case .changed: name = .changed(to: nil)
        case .none, .releasing, .leaving, .over: break
        }
        effects.append(.tell(.nameLost(lost, isReplaced: isReplaced)))
        if isReplaced {
            effects.append(.close(.replaced, reason: "a newer login of yours has the name"))
        }
        goOn(&effects)
    }

    /// What becomes of the name when the socket is closed.
    var ending: Release.Action {
        guard isResumable else { return .delete }
        return isUntold ? .delete : .linger
    }
}
