/// How one connection of a churn lives and ends; all of it is drawn beforehand.
struct ChurnPlan: Sendable {
    enum Exit: CaseIterable {
        /// With a reset (SO_LINGER 0).
        case reset
        /// In good order, unless the kernel finds unread input.
        case close
        /// One half is closed; the other half is read to its end.
        case halfClose
        /// A close frame is sent; then one half is closed, and the other read to its end.
        case closeFrame
    }

    enum Life {
        /// It leaves as soon as it is connected.
        case noRequest
        /// It leaves after it has sent its request, and does not wait for the answer.
        case noAnswer
        /// It leaves a number of milliseconds after its request.
        case listens(Int)
        /// It stops reading at one number of milliseconds after its request, and leaves at the
        /// other.
        case stopsReading(at: Int, until: Int)
    }

    /// How it leaves.
    let exit: Exit
    /// When it leaves.
    let life: Life
    /// How many milliseconds it sends nothing at first. In that time the server has nothing to send
    /// to it: so bytes for the connection that had its descriptor before are noticed.
    let lurking: Int
    /// Whether it asks for a name, directly after its request.
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

extension ChurnPlan.Exit {
    fileprivate static func random(_ random: inout SplitMix) -> Self {
        allCases[random.below(allCases.count)]
    }
}
