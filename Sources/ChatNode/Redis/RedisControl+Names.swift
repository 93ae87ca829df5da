import ChatCore
import Logging
import NIOCore

/// What a node does about names that no session of its own asked for.
extension RedisControl {
    /// Frees the names of a process that is certified dead, some at a time, until none is left.
    func reap(_ dead: Incarnation) {
        let end = { [weak self] in
            guard let self else { return }
            reaped(dead)
        }
        let some = settings.codec.someHeldKeysWords(of: dead, count: Limits.reapNames)
        ask(some, settings.codec.heldKeysAnswer, orElse: end) { [weak self] keys in
            guard let self, let reign = standing?.reign else { return end() }
            let call = ReapCall(reign: reign, dead: dead, keys: keys)
            ask(settings.codec.words(call), settings.codec.reapAnswer, orElse: end) {
                [weak self] answer in
                guard case .left(let left) = answer, left > 0 else { return end() }
                self?.reap(dead)
            }
        }
    }

    /// Looks for names that Redis takes for this node's and that no session knows, and frees them:
    /// what a lost answer or a mistake has left behind is gone within a minute. Some at a time: nobody
    /// waits for thousands, and there is never memory for all of them twice.
    func audit(from place: UInt64 = 0) {
        guard standing != nil else { return }
        let incarnation = incarnation
        let words = settings.codec.heldPageWords(of: incarnation, from: place)
        ask(words, settings.codec.heldPageAnswer) { [weak self] page in
            guard let self else { return }
            withUnknown(of: page.keys) { [weak self] unknown in
                self?.release(unknown, of: incarnation)
            }
            if page.next != 0, incarnation == self.incarnation { audit(from: page.next) }
        }
    }

    /// What of these no session here holds, or may hold.
    private func withUnknown(of keys: [String], _ then: @escaping ([String]) -> Void) {
        guard !keys.isEmpty, let mayHold else { return }
        mayHold(keys).assumeIsolated().whenSuccess { held in
            let unknown = zip(keys, held).filter { !$1 }.map(\.0)
            if !unknown.isEmpty { then(unknown) }
        }
    }

    /// Only a record that has not changed since it was known to be nobody's is freed: so its fence
    /// is read first, and then the sessions are asked once more. Where there is none any more, all that
    /// is left is the name's place among those held.
    private func release(_ keys: [String], of incarnation: Incarnation) {
        for key in keys {
            ask(settings.codec.fenceWords(of: key), settings.codec.fenceOfName) {
                [weak self] fence in
                self?.withUnknown(of: [key]) { _ in
                    let condition = Release.Condition.fence(fence ?? 0)
                    self?.release(
                        Release(key: key, incarnation: incarnation, condition: condition)
                    )
                }
            }
        }
    }

    private func release(_ release: Release) {
        settings.log.notice("freeing a name that nobody holds", metadata: ["key": "\(release.key)"])
        ask(settings.codec.words(release), settings.codec.releaseAnswer) { _ in }
    }

    /// A process that lives has been met: has it this node's label?
    func greet(_ other: Incarnation) {
        ask(settings.codec.labelWords(of: other), settings.codec.labelAnswer) { [weak self] label in
            guard let self, label == settings.label else { return }
            onTwin?(other)
        }
    }
}
