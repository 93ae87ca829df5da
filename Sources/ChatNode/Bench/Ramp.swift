import ChatCore
import NIOCore

/// Has clients come in: so many at a time, or each at its time. On: its crew's loop.
final class Ramp {
    private let crew: Crew
    private let concurrency: Int
    private let stride: Int
    private let end: Int
    /// Whether they take part in what is measured.
    private let isMeasured: Bool
    private var number: Int
    private var pace: Pace?
    private var timer: Scheduled<Void>?
    private var isStopped = false
    private var isPumping = false

    /// Every `stride`th of `numbers`, beginning with the crew's own.
    init(
        crew: Crew,
        numbers: Range<Int>,
        stride: Int,
        concurrency: Int,
        isMeasured: Bool,
        pace: Pace?
    ) {
        self.crew = crew
        self.stride = stride
        self.concurrency = concurrency
        self.isMeasured = isMeasured
        self.pace = pace
        number = numbers.lowerBound + crew.index
        end = numbers.upperBound
    }

    /// Nobody is on the way, nor will be.
    var isOver: Bool { (isStopped || number >= end) && crew.underway == 0 }

    func start() {
        pump()
    }

    func stop() {
        isStopped = true
        timer?.cancel()
    }

    /// Also to be called when somebody has come in, or has not.
    func pump() {
        // Who cannot even begin to connect is told so at once, under `invite`, and comes here again.
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while !isStopped, number < end, crew.underway < concurrency {
            var meantToCome = Clock.now
            if pace != nil {
                guard let due = pace?.take(dueAt: meantToCome) else { return waitForNext() }
                meantToCome = due.intended
            }
            let place = isMeasured ? number / stride : nil
            crew.invite(number, place: place, meantToCome: meantToCome)
            number += stride
        }
    }

    private func waitForNext() {
        guard timer == nil, let next = pace?.next else { return }
        let wait = TimeAmount.nanoseconds(max(0, (next - Clock.now).inNanoseconds))
        timer = crew.loop.assumeIsolated().scheduleTask(in: wait) { [self] in
            timer = nil
            pump()
        }
    }
}
