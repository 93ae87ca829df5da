/// Takes the text of a message out of frames, so that it is sent to no client any more.
extension FramedBatch {
    /// The messages that entries of the batch say were taken back, and the number of each such entry.
    var removed: [(target: MessagePlace, seq: UInt64)] {
        guard isWithheld else { return [] }
        return (0..<count).compactMap { index in
            guard let target = RemovedBody.target(in: text(of: index).span.bytes) else {
                return nil
            }
            return (target, position(of: index)?.seq ?? 0)
        }
    }

    /// Returns the index of the message with an id, unless it has been taken back.
    ///
    /// Cost: a look at each frame.
    func frame(of mid: MessageID) -> Int? {
        guard position != nil, !isWithheld || isRepeated else { return nil }
        return (0..<count).first { index in
            position(of: index)?.mid == mid
                && RemovedBody.isBlank(text(of: index).span.bytes) == false
        }
    }

    /// Returns the batch in whole pieces: what comes before a message, the message without its text, and what
    /// follows it. Each frame keeps its number and its place.
    func blanking(_ frame: Int, in room: RoomName) -> [FramedBatch] {
        var pieces: [FramedBatch] = []
        if frame > 0 { pieces.append(piece(0..<frame)) }
        pieces.append(blanked(frame, in: room))
        if frame + 1 < count { pieces.append(piece(frame + 1..<count)) }
        return pieces
    }

    private func piece(_ frames: Range<Int>) -> FramedBatch {
        let offset = start(of: frames.lowerBound)
        return FramedBatch(
            bytes: Array(bytes[offset..<start(of: frames.upperBound)]),
            ends: (frames.lowerBound..<frames.upperBound).map { start(of: $0 + 1) - offset },
            position: position(of: frames.upperBound - 1),
            prev: position(before: frames.lowerBound)?.mid,
            isRepeated: isRepeated,
            isWithheld: isWithheld,
            ms: ms
        )
    }

    private func blanked(_ frame: Int, in room: RoomName) -> FramedBatch {
        // The place is what `ChatFrame` has put behind the body.
        let text = text(of: frame)
        let place = text.indices.last { text[$0...].starts(with: ChatFrame.placeStart) }
        guard let place else {
            preconditionFailure("the frame of a numbered message ends with its place")
        }
        let blank = RemovedBody.blank(in: room).dropLast() + text[place...]
        let framed = FramedBatch(framing: Array(blank))
        return FramedBatch(
            bytes: framed.bytes,
            ends: framed.ends,
            position: position(of: frame),
            prev: position(before: frame)?.mid,
            isRepeated: isRepeated,
            isWithheld: true,
            ms: ms
        )
    }
}
