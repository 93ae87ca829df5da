extension BrokerClient {
    /// Takes a session's message. `settled` answers once: at once if the message cannot be sent.
    public mutating func publish(
        _ draft: consuming Draft,
        now: Instant,
        into effects: inout [Effect]
    ) {
        let (sender, alone) = (draft.sender, draft.alone)
        guard mayAskSoon, isLeaseValid(now) else {
            return effects.append(.tell(sender, .settled(.refused(reason: reason), of: alone)))
        }
        let number = rooms.number(of: draft.room)
        if rooms.all[number].outbox.add(draft, now: now) {
            // Nearly every message finds others before it.
            guard !rooms.all[number].isReady else { return }
            if !rooms.all[number].isSpeaking { beginSpeaking(number, &effects) }
            markReady(number)
        } else {
            effects.append(.tell(sender, .settled(.refused(reason: Self.busy), of: alone)))
        }
    }

    /// Whether there is nothing to send at the end of the turn.
    public var isTurnEmpty: Bool { ready.isEmpty && !claims.isReady && replaced.isEmpty }

    mutating func markReady(_ number: Int) {
        // The guard fails for nearly every message, so its cheap conditions come first.
        guard !rooms.all[number].isReady, rooms.all[number].outbox.mayLeave, isOpen(number), canAsk
        else {
            return
        }
        rooms.all[number].isReady = true
        ready.append(number)
    }

    mutating func markAllReady() {
        for number in speaking { markReady(number) }
    }

    private func isOpen(_ number: Int) -> Bool {
        // Compared as two numbers: comparing the whole values would copy them.
        guard let epoch = rooms.all[number].epoch, let current = registration?.epoch.number else {
            return false
        }
        return epoch == current
    }

    /// Sends a room's next batch: the messages that their senders may send now, in order.
    mutating func flush(_ number: Int, _ now: Instant, _ effects: inout [Effect]) {
        guard canAsk, isOpen(number), let registration, rooms.all[number].outbox.inFlight.isEmpty
        else {
            return
        }
        guard isLeaseValid(now) else {
            return refuseWaiting(Self.lostTouch, since: .distantFuture, &effects)
        }
        // Swapped out of the table while it changes; otherwise every batch would copy it.
        var outbox = Outbox()
        swap(&outbox, &rooms.all[number].outbox)
        var last = LastFound<SocketID>()
        outbox.fill { draft in
            let decision = seal(draft, &last)
            if case .drop = decision { tellDropped(draft, &effects) }
            return decision
        }
        let drafts = outbox.inFlight.map { $0.sealed }
        swap(&outbox, &rooms.all[number].outbox)
        guard !drafts.isEmpty else { return }
        pending.append(.publish(number, registration.epoch))
        let call = PublishCall(
            epoch: registration.epoch,
            incarnation: registration.incarnation,
            room: rooms.all[number].room,
            position: rooms.all[number].position,
            drafts: drafts
        )
        effects.append(.call(.publish(call)))
    }

    /// Adds proof and number to a message that is sent now. A session has messages in one room at a time,
    /// so that the sender has none in another room's call: of calls in flight together the later ones could
    /// be void.
    ///
    /// Inlined, with what it calls: otherwise the message is copied twice, which costs 240 instructions.
    @inline(__always)
    private mutating func seal(
        _ draft: Draft,
        _ last: inout LastFound<SocketID>
    ) -> Outbox.Decision {
        guard let index = last.index(of: draft.sender, in: held) else { return .drop }
        guard inDoubt.isEmpty || inDoubt.index(forKey: draft.sender) == nil else { return .wait }
        if let number = draft.tag.n, !held.values[index].isNext(number) {
            return held.values[index].settlement(of: number) == nil ? .wait : .drop
        }
        if held.values[index].isNumberedApart, let decision = passReserved(index) {
            return decision
        }
        // Changed in the table: taken out, it would be copied.
        return held.values[index].seal(draft).map { .send($0) } ?? .wait
    }

    /// Decides about a message that was in doubt, or comes after numbers that were; nil: it is sent now. Numbers
    /// before its own are those of messages that were refused, and that others may have heard. They are given up
    /// as if they were accepted, when none of the sender's messages is on its way, and the name is claimed once
    /// more to tell the broker.
    @inline(never)
    private mutating func passReserved(_ index: Int) -> Outbox.Decision? {
        let name = held.values[index]
        guard name.phase == .held else { return .wait }
        let number = name.nextNumber
        // A grant has counted it since it was put back: older data came back that has it.
        if number <= name.accepted { return .drop }
        if number == name.n + 1 {
            held.values[index].leftWaiting()
            return nil
        }
        if name.isSettled {
            held.values[index].skip(upTo: number - 1)
            markUnconfirmed(held.keys[index])
        }
        return .wait
    }

    /// Tells the sender of a message that is never sent what became of it. Rare, and so not inlined.
    @inline(never)
    private mutating func tellDropped(_ draft: Draft, _ effects: inout [Effect]) {
        let number = draft.tag.n ?? held[draft.sender]?.waitingAgain.first
        let settlement = number.flatMap { held[draft.sender]?.settlement(of: $0) }
        held[draft.sender]?.leftWaiting()
        effects.append(.tell(draft.sender, .settled(settlement ?? .lost, of: draft.alone)))
    }

    /// Refuses the messages that have waited since `instant` or longer.
    mutating func refuseWaiting(
        _ reason: String,
        since instant: Instant,
        _ effects: inout [Effect]
    ) {
        for number in speaking {
            for draft in rooms.all[number].outbox.takeWaiting(since: instant) {
                refuse(draft, reason, &effects)
            }
        }
    }

    /// Refuses a message that has left an outbox unsent.
    mutating func refuse(_ draft: Draft, _ reason: String, _ effects: inout [Effect]) {
        held[draft.sender]?.leftWaiting()
        effects.append(.tell(draft.sender, .settled(.refused(reason: reason), of: draft.alone)))
    }
}
