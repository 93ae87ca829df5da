import ChatCore
import ChatSupport
import NIOCore

/// Who is present in the rooms of a node that is alone.
extension MemoryStore {
    /// Takes what calls have changed.
    func takePresenceChanges() {
        let now = Clock.now
        let due = presence.due
        for change in store.takePresenceChanges() where interests.contains(change.room) {
            updatePresence { $0.receive(change, now: now, into: &$1) }
        }
        if presence.due < due { schedule() }
    }

    /// Looks who is present in a room that is open from now on.
    func comparePresence(of room: RoomName) {
        let call = PresentCall(epoch: registration.epoch, room: room)
        guard case .present(let number, _, _) = store.present(call) else { return }
        let now = Clock.now
        updatePresence {
            $0.opened(room, now: now, into: &$1)
            $0.compare(room, number: number, in: call.epoch.number, now: now, into: &$1)
        }
        schedule()
    }

    /// Lets the feeds take an event, and carries out what they want: their questions are answered at once.
    func updatePresence(_ event: (inout PresenceFeeds, inout [PresenceFeeds.Effect]) -> Void) {
        var effects: [PresenceFeeds.Effect] = []
        event(&presence, &effects)
        for effect in effects {
            switch effect {
            case .tell(let news):
                let frames = PresenceFrames(framing: news)
                tell { $0.presenceChanged(frames) }
            case .read(let call):
                let answer = store.present(call)
                updatePresence { $0.read(call, answer, now: Clock.now, into: &$1) }
            }
        }
    }
}
