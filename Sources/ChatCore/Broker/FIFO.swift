/// First in, first out, each at constant cost.
///
/// Inlined into its users: generic code that is not looks its types up in every call.
public struct FIFO<Element> {
    @usableFromInline var elements: [Element?] = []
    @usableFromInline var head = 0
    /// Elements that an empty one has room for at most.
    @usableFromInline static var keptCapacity: Int { 64 }

    /// An empty one.
    @inlinable public init() {}

    /// Whether nothing is in it.
    @inlinable public var isEmpty: Bool { head == elements.count }
    /// How many are in it.
    @inlinable public var count: Int { elements.count - head }

    /// Behind all others.
    @inlinable public mutating func append(_ element: Element) {
        elements.append(element)
    }

    /// Takes the first one out; nil where there is none.
    @inlinable public mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        // Taken out, not copied and then thrown away.
        var first: Element?
        swap(&first, &elements[head])
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: elements.capacity <= Self.keptCapacity)
            head = 0
        } else if head > 32, head * 2 > elements.count {
            // Moving the rest costs as much as has been freed since the last time.
            elements.removeFirst(head)
            head = 0
        }
        return first
    }

    /// Everything that is in it, in order.
    @inlinable public mutating func takeAll() -> [Element] {
        defer {
            elements = []
            head = 0
        }
        return elements[head...].compactMap { $0 }
    }
}

extension FIFO: Sendable where Element: Sendable {}
