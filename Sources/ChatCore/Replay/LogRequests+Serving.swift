/// How requests are answered, as soon as a room's history allows it.
extension LogRequests {
    /// Takes that the node has heard more of a room, or has caught up with it: clients that come from a node
    /// that was ahead are let in.
    public mutating func advanced(
        _ room: RoomName,
        isCaughtUp: Bool,
        now: Instant,
        in histories: some RoomHistories,
        into effects: inout [Effect]
    ) {
        if isCaughtUp { noteCaughtUp(room) }
        guard hasEarly, waiting[room] != nil else { return }
        serve(room, now: now, in: histories, into: &effects)
    }

    /// Takes that the page of a room's log has come, or was turned away: a page is asked for again at the
    /// next tick. Returns false if no such page is waited for.
    public mutating func pageRead(_ room: RoomName) -> Bool {
        guard waiting[room]?.readOver == connections else { return false }
        waiting[room]?.readOver = nil
        return true
    }

    /// Takes that the loop is connected: pages that were asked for before do not come.
    public mutating func connected(
        now: Instant,
        in histories: some RoomHistories,
        into effects: inout [Effect]
    ) {
        nextConnection()
        for room in roomsInOrder { serve(room, now: now, in: histories, into: &effects) }
    }

    /// Gives up what has waited for too long, and asks again for what was turned away.
    public mutating func tick(
        now: Instant,
        in histories: some RoomHistories,
        into effects: inout [Effect]
    ) {
        guard !waiting.isEmpty else { return }
        for room in roomsInOrder {
            // The page is there, and more wait for it than were served yet.
            let isReady = waiting[room]?.isServing == true
            let late = isReady ? [] : remove(from: room) { $0.isLate(at: now) }
            for request in late { giveUp(request, histories, &effects) }
            if waiting[room]?.requests.contains(where: \.isEarly) == true {
                effects.append(.recheck(room))
            }
            serve(room, now: now, in: histories, into: &effects)
        }
    }

    /// Answers the requests that wait for a room and can be answered now, and asks for a page for the others.
    public mutating func serve(
        _ room: RoomName,
        now: Instant,
        in histories: some RoomHistories,
        into effects: inout [Effect]
    ) {
        guard let requests = waiting[room]?.requests else { return }
        var rest = Limits.requestsPerTurn
        var needsPage = false
        var unserved: [Request] = []
        var looked = 0
        while looked < requests.count, rest > 0 {
            var request = requests[looked]
            looked += 1
            let wasEarly = request.isEarly
            switch attempt(request, histories) {
            case .answer(let answer):
                rest -= 1
                forgetWaiting(request)
                end(request, with: answer, &effects)
                continue
            case .page: request.isEarly = false
            case .catchUp: request.isEarly = true
            }
            earlyCount += (request.isEarly ? 1 : 0) - (wasEarly ? 1 : 0)
            needsPage = needsPage || !request.isEarly
            unserved.append(request)
        }
        // What was not looked at comes first in the next turn.
        let isServing = looked < requests.count
        waiting[room]?.requests = Array(requests[looked...]) + unserved
        waiting[room]?.isServing = isServing
        if needsPage { readPage(room, &effects) }
        if isServing { effects.append(.serveLater(room)) }
        endIfIdle(room, &effects)
    }

    /// Notes that a room has been caught up with, for the requests that are about it.
    private mutating func noteCaughtUp(_ room: RoomName) {
        for index in waiting[room]?.requests.indices ?? 0..<0 {
            waiting[room]?.requests[index].isCaughtUp = true
        }
        for (id, client) in clients where client.queue.contains(where: { $0.room == room }) {
            for index in client.queue.indices where client.queue[index].room == room {
                clients[id]?.queue[index].isCaughtUp = true
            }
        }
    }

    /// Begins with a request.
    mutating func begin(
        _ request: Request,
        _ now: Instant,
        _ histories: some RoomHistories,
        _ effects: inout [Effect]
    ) {
        var request = request
        switch attempt(request, histories) {
        case .answer(let answer):
            end(request, with: answer, &effects)
        case .page where request.isLate(at: now), .catchUp where request.isLate(at: now):
            giveUp(request, histories, &effects)
        case .page:
            wait(request)
            readPage(request.room, &effects)
        case .catchUp:
            request.isEarly = true
            wait(request)
            effects.append(.recheck(request.room))
        }
    }

    private mutating func end(
        _ request: Request,
        with answer: Effect,
        _ effects: inout [Effect]
    ) {
        effects.append(answer)
        guard request.isOwn else { return }
        clients[request.id]?.isGivenUp = false
        effects.append(.checkSocket(request.id))
    }

    /// Ends a request that cannot be answered in time. A member that has read too slowly goes on where it can.
    private mutating func giveUp(
        _ request: Request,
        _ histories: some RoomHistories,
        _ effects: inout [Effect]
    ) {
        if request.isOwn {
            clients[request.id]?.isGivenUp = true
            effects.append(.refuse(request.id, request.room, request.need, .unavailable))
            effects.append(.checkSocket(request.id))
        } else if case .answer(let answer) = attempt(request, histories, isForced: true) {
            effects.append(answer)
        }
    }

    private mutating func readPage(_ room: RoomName, _ effects: inout [Effect]) {
        guard waiting[room] != nil, waiting[room]?.readOver != connections else { return }
        waiting[room]?.readOver = connections
        effects.append(.readPage(room))
    }
}

// MARK: - One request

extension LogRequests {
    /// What a request needs.
    private enum Attempt {
        case answer(Effect)
        case page
        case catchUp
    }

    /// Whether a request has to wait until the room is caught up with.
    func isEarly(_ request: Request, _ histories: some RoomHistories) -> Bool {
        guard case .join(let start) = request.need, case .position(let stood) = start.since,
            !request.isCaughtUp
        else { return false }
        return histories.history(of: request.room)?.isBehind(stood) == true
    }

    private func attempt(
        _ request: Request,
        _ histories: some RoomHistories,
        isForced: Bool = false
    ) -> Attempt {
        let (id, room) = (request.id, request.room)
        guard let history = histories.history(of: room) else {
            return .answer(.refuse(id, room, request.need, .unavailable))
        }
        switch request.need {
        case .join(let start):
            guard !isEarly(request, histories) else { return .catchUp }
            return history.beginning(at: start).map { .answer(.join(id, room, $0)) } ?? .page
        case .history(let range, _):
            guard history.position != nil else {
                return .answer(.refuse(id, room, request.need, .unavailable))
            }
            guard let (texts, hasMore) = history.older(range) else { return .page }
            let items = texts.joined(separator: [UInt8(ascii: ",")])
            let array = [UInt8(ascii: "[")] + items + [UInt8(ascii: "]")]
            return .answer(.history(id, room, items: array, hasMore: hasMore))
        case .goOn(let stood):
            let next = history.continuation(after: stood, isForced: isForced)
            return next.map { .answer(.goOn(id, room, cursor: $0.cursor, telling: $0.changes)) }
                ?? .page
        }
    }

    private mutating func wait(_ request: Request) {
        waiting[request.room, default: Waiting()].requests.append(request)
        if request.isEarly { earlyCount += 1 }
        if request.isOwn {
            clients[request.id]?.room = request.room
            clients[request.id]?.joining = request.isJoin ? request.room : nil
        } else {
            goingOn[request.id, default: []].append(request.room)
        }
    }

    /// Notes that a request does not wait any more.
    private mutating func forgetWaiting(_ request: Request) {
        if request.isEarly { earlyCount -= 1 }
        if request.isOwn {
            clients[request.id]?.room = nil
            clients[request.id]?.joining = nil
        } else {
            goingOn[request.id]?.removeAll { $0 == request.room }
            if goingOn[request.id]?.isEmpty == true { goingOn[request.id] = nil }
        }
    }

    /// Removes and returns requests that wait for a room.
    mutating func remove(
        from room: RoomName,
        where isWanted: (Request) -> Bool
    ) -> [Request] {
        let removed = waiting[room]?.requests.filter(isWanted) ?? []
        guard !removed.isEmpty else { return [] }
        waiting[room]?.requests.removeAll(where: isWanted)
        for request in removed { forgetWaiting(request) }
        return removed
    }

    /// Forgets a room for which nothing waits any more.
    mutating func endIfIdle(_ room: RoomName, _ effects: inout [Effect]) {
        guard waiting[room]?.requests.isEmpty == true else { return }
        waiting[room] = nil
        effects.append(.idle(room))
    }
}
