import ChatCore

/// Keeps one connection, as `RedisLink` does.
final class SimLink {
    private(set) var link: SimRedis.Link?
    var onUp: (() -> Void)?
    var onDown: (() -> Void)?
    private unowned let node: SimNode
    private var backoff = Backoff()
    private var isConnecting = false

    init(node: SimNode) {
        self.node = node
    }

    func connect() {
        guard node.isAlive, link == nil, !isConnecting else { return }
        isConnecting = true
        let world = node.world
        node.redis.connect(node, onClosed: { [weak self] in self?.lost() }) { [weak self] link in
            guard let self else { return }
            isConnecting = false
            guard let link else { return down() }
            self.link = link
            // The handshake, which a server that is paused does not answer.
            var isAnswered = false
            node.redis.send(link) { _ in
                { [weak self] in
                    isAnswered = true
                    self?.backoff.reset()
                    self?.onUp?()
                }
            }
            world.after(Limits.publishPatience) { [weak self] in
                guard let self, self.link === link, !isAnswered else { return }
                node.runs { self.fail() }
            }
        }
    }

    func send(_ request: @escaping SimRedis.Request) {
        guard let link else { return }
        var isAnswered = false
        node.redis.send(link) { redis in
            let then = request(redis)
            return {
                isAnswered = true
                then()
            }
        }
        node.world.after(Limits.publishPatience) { [weak self] in
            guard let self, self.link === link, !isAnswered else { return }
            node.runs { if self.link === link, !isAnswered { self.fail() } }
        }
    }

    /// The connection is of no use: start over.
    func fail() {
        guard let link else { return }
        node.redis.close(link)
        lost()
    }

    func close() {
        if let link { node.redis.close(link) }
        link = nil
    }

    private func lost() {
        guard link != nil else { return }
        link = nil
        down()
    }

    private func down() {
        onDown?()
        let wait = backoff.next(using: &node.world.random)
        node.world.after(wait) { [weak self] in
            guard let self else { return }
            node.runs { self.connect() }
        }
    }
}
