/// First in, first out, each at constant cost.
struct FIFO<Element> {
    private var elements: [Element?] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }
    var count: Int { elements.count - head }

    mutating func append(_ element: Element) {
        elements.append(element)
    }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        defer {
            elements[head] = nil
            head += 1
            // Moving the rest costs as much as has been freed since the last time.
            if head == elements.count || (head > 32 && head * 2 > elements.count) {
                elements.removeFirst(head)
                head = 0
            }
        }
        return elements[head]
    }

    /// Everything that is in it, in order.
    mutating func takeAll() -> [Element] {
        defer {
            elements = []
            head = 0
        }
        return elements[head...].compactMap { $0 }
    }
}

extension FIFO: Sendable where Element: Sendable {}
