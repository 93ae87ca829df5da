import ChatCore

/// Sends one call of the node's `ClusterMember` over the membership connection, and reads its answer.
///
/// On: the home loop.
struct MemberCall {
    let codec: StoreCodec
    let connection: RedisConnection
    /// Hears the answer, or that Redis has refused the call and has written nothing. Is not called if
    /// the connection ends first.
    let then: (Result<ClusterMember.Answer, RedisFault>) -> Void

    /// Sends the call. `random` draws the birth of a room that begins now.
    func send(_ call: ClusterMember.Call, using random: inout some RandomNumberGenerator) {
        switch call {
        case .lease(let call): send(call)
        case .catchUp(let call, _):
            let codec = codec
            let words = codec.words(call, birth: ProducerID(using: &random))
            let read = { (reply: RespValue) throws(StoreReplyError) in
                try codec.catchUpAnswer(reply, of: call.room, under: call.epoch)
            }
            ask(words, read) { .catchUp($0) }
        case .probe(let incarnation, let ticket):
            let words = codec.probeWords(of: incarnation, ticket: ticket)
            ask(words, codec.probeAnswer) { _ in .done }
        case .heldKeys(let dead):
            let words = codec.someHeldKeysWords(of: dead, count: Limits.reapNames)
            ask(words, codec.heldKeysAnswer) { .keys($0) }
        case .reap(let call):
            ask(codec.words(call), codec.reapAnswer) { .reap($0) }
        case .heldPage(let incarnation, let place, _):
            let words = codec.heldPageWords(of: incarnation, from: place)
            ask(words, codec.heldPageAnswer) { .page(keys: $0.keys, next: $0.next) }
        case .fence(let key, _):
            ask(codec.fenceWords(of: key), codec.fenceOfName) { .fence($0) }
        case .release(let release):
            ask(codec.words(release), codec.releaseAnswer) { _ in .done }
        case .label(let other):
            ask(codec.labelWords(of: other), codec.labelAnswer) { .label($0) }
        case .present(let call):
            ask(codec.words(call), codec.presentAnswer) { .present($0) }
        }
    }

    private func send(_ call: Lease.Call) {
        switch call {
        case .openEpoch(let call):
            ask(codec.words(call), codec.openEpochAnswer) { .lease(.openEpoch($0)) }
        case .register(let call):
            ask(codec.words(call), codec.rosterAnswer) { .lease(.roster($0)) }
        case .renew(let call):
            ask(codec.words(call), codec.rosterAnswer) { .lease(.roster($0)) }
        case .certify(let call):
            ask(codec.words(call), codec.certifyAnswer) { .lease(.certify($0)) }
        case .endGrace(let epoch):
            ask(codec.endGraceWords(epoch), codec.endGraceAnswer) { .lease(.endGrace($0)) }
        }
    }

    private func ask<Value>(
        _ words: RedisCommand,
        _ read: @escaping (RespValue) throws(StoreReplyError) -> Value,
        _ wrap: @escaping (Value) -> ClusterMember.Answer
    ) {
        connection.ask(words, read, refused: { [then] in then(.failure($0)) }) { [then] in
            then(.success(wrap($0)))
        }
    }
}
