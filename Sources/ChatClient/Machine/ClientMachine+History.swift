public import ChatCore

/// Older messages of rooms.
extension ClientMachine {
    /// Asks for older messages of a room that the client is in. The call is answered with `.page`.
    public mutating func readHistory(
        of room: String,
        before: UInt64?,
        limit: Int?,
        call: CallNumber,
        at now: Instant
    ) {
        self.now = now
        if let over { return answer(call, .failure(over)) }
        guard rooms.contains(where: { $0.name == room && !$0.isLeaving }) else {
            return answer(call, .failure(.notJoined))
        }
        histories.append(
            HistoryRequest(
                call: call,
                room: room,
                before: before,
                limit: limit,
                id: "h\(call.value)",
                since: now
            )
        )
        goOn()
    }

    /// Sends the request that has waited longest and may be sent: one at a time.
    mutating func goOnReading(_ socket: SocketNumber) {
        guard !histories.contains(where: \.isAsked),
            let index = histories.firstIndex(where: { request in
                now >= request.notBefore
                    && rooms.contains { $0.name == request.room && $0.isInside }
            })
        else { return }
        histories[index].isAsked = true
        histories[index].askedAt = now
        let asked = histories[index]
        let request = ClientRequest.history(
            asked.room,
            before: asked.before,
            limit: asked.limit,
            id: asked.id
        )
        effects.append(.send(socket, request))
    }

    mutating func historyRead(_ message: HeardMessage) {
        guard let index = histories.firstIndex(where: \.isAsked),
            histories[index].room == message.room ?? RoomName.lobby.text
        else { return }
        let items = message.items ?? []
        let page = RoomHistoryPage(
            items: items.compactMap { RoomEvent(entry: $0, json: $0.json ?? "") },
            firstSeq: items.first?.seq,
            hasMore: message.hasMore
        )
        answer(histories.remove(at: index).call, .success(.page(page)))
    }

    /// Takes the refusal of a request for older messages.
    mutating func historyRefused(_ index: Int, _ message: HeardMessage) {
        // The client has left the room and joins it again, or has left it for good: then no call waits.
        let codes = ["unavailable", "rate_limited", "not_in_room"]
        guard codes.contains(message.code ?? ""), histories[index].call != nil,
            now - histories[index].since < Limits.clientAnswerTimeout
        else {
            answer(histories.remove(at: index).call, .failure(refusal(message)))
            return
        }
        histories[index].isAsked = false
        histories[index].notBefore = now + pause(message)
    }

    mutating func failHistories(of room: String, _ error: ChatClientError) {
        for index in histories.indices where histories[index].room == room {
            answer(histories[index].call.take(), .failure(error))
        }
        // The answer to what was asked is still awaited, so that it is not taken for another's.
        histories.removeAll { $0.room == room && !$0.isAsked }
    }

    /// Whether a call waits for older messages of a room.
    func isReading(_ room: String) -> Bool {
        histories.contains { $0.room == room && $0.call != nil }
    }
}
