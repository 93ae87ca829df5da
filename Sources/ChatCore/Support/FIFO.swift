/// A first-in, first-out queue with constant cost for each element added or removed.
///
/// Inlinable, because generic code that is not specialised looks its types up in every call.
public struct FIFO<Element> {
    @usableFromInline var elements: [Element?] = []
    @usableFromInline var head = 0
    /// The largest capacity that an emptied queue keeps, in elements.
    @usableFromInline static var keptCapacity: Int { 64 }

    /// Makes an empty queue.
    @inlinable public init() {}

    /// Whether the queue is empty.
    @inlinable public var isEmpty: Bool { head == elements.count }

    /// The first element; nil if the queue is empty.
    @inlinable public var first: Element? { isEmpty ? nil : elements[head] }

    /// Adds an element at the end.
    @inlinable public mutating func append(_ element: Element) {
        elements.append(element)
    }

    /// Removes and returns the first element; nil if the queue is empty.
    @inlinable public mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        // Swapped out, to save a copy that would be thrown away.
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

    /// Removes and returns all elements, in order.
    @inlinable public mutating func takeAll() -> [Element] {
        defer {
            elements = []
            head = 0
        }
        return elements[head...].compactMap { $0 }
    }
}

extension FIFO: Sendable where Element: Sendable {}
