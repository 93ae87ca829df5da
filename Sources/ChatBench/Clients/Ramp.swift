import ChatCore
import ChatSupport
import NIOCore

/// Connects clients: a limited number at a time, or each at its time. On: its group's loop.
final class Ramp {
    private let group: ClientGroup
    private let concurrency: Int
    private let stride: Int
    private let end: Int
    /// Whether the clients take part in what is measured.
    private let isMeasured: Bool
    private var number: Int
    private var schedule: SendSchedule?
    private var timer: Scheduled<Void>?
    private var isStopped = false
    private var isPumping = false

    /// Takes every `stride`th of `numbers`, beginning with the group's own.
    init(
        group: ClientGroup,
        numbers: Range<Int>,
        stride: Int,
        concurrency: Int,
        isMeasured: Bool,
        schedule: SendSchedule?
    ) {
        self.group = group
        self.stride = stride
        self.concurrency = concurrency
        self.isMeasured = isMeasured
        self.schedule = schedule
        number = numbers.lowerBound + group.index
        end = numbers.upperBound
    }

    /// Whether no client is connecting, nor will be.
    var isOver: Bool { (isStopped || number >= end) && group.underway == 0 }

    func start() {
        pump()
    }

    func stop() {
        isStopped = true
        timer?.cancel()
    }

    /// Connects the clients that are due. Must be called too when an attempt has ended.
    func pump() {
        // A client that cannot even begin to connect is told so at once, inside `invite`, and calls
        // this again.
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while !isStopped, number < end, group.underway < concurrency {
            var meantToCome = Clock.now
            if schedule != nil {
                guard let due = schedule?.take(dueAt: meantToCome) else { return waitForNext() }
                meantToCome = due.intended
            }
            let place = isMeasured ? number / stride : nil
            group.invite(number, place: place, meantToCome: meantToCome)
            number += stride
        }
    }

    private func waitForNext() {
        guard timer == nil, let next = schedule?.next else { return }
        let wait = TimeAmount.nanoseconds(max(0, (next - Clock.now).inNanoseconds))
        timer = group.loop.assumeIsolated().scheduleTask(in: wait) { [self] in
            timer = nil
            pump()
        }
    }
}
