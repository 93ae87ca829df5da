@testable import ChatCore

/// What a `chat.v1` client remembers beyond its connections: its secret, and what it has sent and has no
/// `ack` for.
///
/// A message is sent again only when what was sent before has been answered, or its socket is gone. Otherwise
/// one copy could be refused, so that its number goes to another message, and the other copy accepted.
struct SimOutbox {
    private struct Message {
        let id: UInt64
        let body: String
        var n: UInt64
        /// Whether it has been sent over the present socket, and not answered.
        var isOut = false
        var text: String { body.dropLast() + #","id":\#(id),"n":\#(n)}"# }
    }

    private(set) var secret: LoginSecret?
    private var next: UInt64 = 1
    private var lastID: UInt64 = 0
    private var waiting: [Message] = []
    private(set) var acknowledged: [String] = []
    private(set) var resumed = 0
    /// How often numbers went on before what was acknowledged.
    private(set) var renumbered = 0
    private(set) var isToBeSentAgain = false

    /// Numbers a message, and returns what is sent.
    mutating func add(_ body: String) -> String {
        lastID += 1
        let message = Message(id: lastID, body: body, n: next, isOut: true)
        waiting.append(message)
        next += 1
        return message.text
    }

    /// Returns what is to be sent again.
    mutating func takeAgain() -> [String] {
        isToBeSentAgain = false
        var texts: [String] = []
        for index in waiting.indices where !waiting[index].isOut {
            waiting[index].isOut = true
            texts.append(waiting[index].text)
        }
        return texts
    }

    mutating func granted(_ login: Session.Login) {
        secret = login.secret ?? secret
        guard login.isResumed else {
            // What had no ack is unknown: this client does not want it to be sent twice.
            waiting = []
            next = 1
            isToBeSentAgain = false
            return
        }
        resumed += 1
        for message in waiting where message.n <= login.acked && SimRemovals.isChat(message.body) {
            acknowledged.append(message.body)
        }
        waiting.removeAll { $0.n <= login.acked }
        // After a loss of data the numbers go on further back.
        if let first = waiting.first, first.n != login.acked + 1 { renumbered += 1 }
        for index in waiting.indices {
            waiting[index].n = login.acked + 1 + UInt64(index)
            waiting[index].isOut = false
        }
        next = login.acked + 1 + UInt64(waiting.count)
        isToBeSentAgain = !waiting.isEmpty
    }

    /// Returns what was accepted.
    mutating func accepted(_ about: Session.Subject) -> String? {
        guard let index = index(of: about) else { return nil }
        let body = waiting.remove(at: index).body
        if SimRemovals.isChat(body) { acknowledged.append(body) }
        return body
    }

    /// A message was not accepted, and is to be sent again.
    mutating func answered(_ about: Session.Subject?) {
        guard let index = index(of: about) else { return }
        waiting[index].isOut = false
        isToBeSentAgain = true
    }

    /// A message that was refused has not used its number, which the next one gets.
    mutating func refused(_ about: Session.Subject?) {
        guard let index = index(of: about) else { return }
        waiting.remove(at: index)
        for later in waiting[index...].indices { waiting[later].n -= 1 }
        next -= 1
    }

    private func index(of about: Session.Subject?) -> Int? {
        let id = about?.id.flatMap { UInt64(String(decoding: $0, as: UTF8.self)) }
        return waiting.firstIndex { $0.id == id }
    }
}
