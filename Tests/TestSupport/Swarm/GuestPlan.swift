/// How one connection of a swarm lives and ends, all of it drawn beforehand.
struct GuestPlan: Sendable {
    enum Exit: CaseIterable {
        /// With a reset (SO_LINGER 0).
        case reset
        /// In good order, as far as the kernel finds nothing unread.
        case close
        /// Half of it; the other half is read to its end.
        case halfClose
        /// With a close frame; then the same.
        case closeFrame
    }

    enum Life {
        /// It goes as soon as it is connected.
        case noRequest
        /// It goes when it has sent its request, and does not wait for the answer.
        case noAnswer
        /// It goes so many milliseconds after its request.
        case listens(Int)
        /// It goes so many milliseconds after its request, and has read nothing for the last of them.
        case stopsReading(at: Int, until: Int)
    }

    /// How it goes.
    let exit: Exit
    /// When it goes.
    let life: Life
    /// How many milliseconds it says nothing at first. All that time nobody has anything to say to
    /// it: bytes for the one who had its descriptor before show.
    let lurking: Int
    /// It asks for a name, right behind its request.
    let logsIn: Bool

    init(_ random: inout SplitMix) {
        lurking = random.isOne(in: 8) ? random.below(200) : 0
        logsIn = !random.isOne(in: 3)
        switch random.below(16) {
        case 0:
            life = .noRequest
            exit = random.isOne(in: 2) ? .reset : .close
        case 1, 2:
            life = .noAnswer
            exit = random.isOne(in: 2) ? .reset : .close
        case 3..<10:
            life = .listens(random.below(10))
            exit = .random(&random)
        case 10..<13:
            life = .listens(random.below(100))
            exit = .random(&random)
        default:
            let start = random.below(50)
            life = .stopsReading(at: start, until: start + random.below(400))
            exit = .random(&random)
        }
    }
}

extension GuestPlan.Exit {
    fileprivate static func random(_ random: inout SplitMix) -> Self {
        allCases[random.below(allCases.count)]
    }
}
