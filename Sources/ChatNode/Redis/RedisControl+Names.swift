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
    /// what a lost answer or a mistake has left behind is gone within a minute.
    ///
    /// Some at a time: nobody waits for thousands, and there is never memory for all of them twice.
    /// A newer audit ends an older one.
    func audit() {
        guard standing != nil, let keyHashes else { return }
        audits += 1
        let (number, incarnation) = (audits, incarnation)
        keyHashes().assumeIsolated().whenSuccess { [weak self] known in
            self?.audit(number, of: incarnation, known, from: 0)
        }
    }

    /// What came to be held since `known` was true is taken for unknown here, and found on a second
    /// look.
    private func audit(
        _ number: Int,
        of incarnation: Incarnation,
        _ known: Set<Int>,
        from place: UInt64
    ) {
        let words = settings.codec.heldPageWords(of: incarnation, from: place)
        ask(words, settings.codec.heldPageAnswer) { [weak self] page in
            guard let self, number == audits, incarnation == self.incarnation else { return }
            let unknown = page.keys.filter { !known.contains($0.hashValue) }
            releaseUnknown(among: Set(unknown), of: incarnation)
            if page.next != 0 { audit(number, of: incarnation, known, from: page.next) }
        }
    }

    /// Only a record that has not changed since it was known to be nobody's is freed: so the fences
    /// are read first, and then the sessions are asked once more. Where there is no record any more,
    /// all that is left is the name's place among those held.
    private func releaseUnknown(among keys: Set<String>, of incarnation: Incarnation) {
        var found: [(key: String, fence: UInt64)] = []
        for key in keys {
            ask(settings.codec.fenceWords(of: key), settings.codec.fenceOfName) {
                [weak self] fence in
                found.append((key, fence ?? 0))
                if found.count == keys.count { self?.releaseUnknown(found, of: incarnation) }
            }
        }
    }

    private func releaseUnknown(
        _ found: [(key: String, fence: UInt64)],
        of incarnation: Incarnation
    ) {
        guard let mayHold else { return }
        mayHold(found.map(\.key)).assumeIsolated().whenSuccess { [weak self] held in
            for ((key, fence), isHeld) in zip(found, held) where !isHeld {
                self?.release(
                    Release(key: key, incarnation: incarnation, condition: .fence(fence))
                )
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
