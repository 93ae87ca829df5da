import ChatCore
import NIOCore

/// All crews of a run, from anywhere.
struct Team: Sendable {
    let plan: BenchPlan
    let crews: [NIOLoopBound<Crew>]

    static func make(on loops: [any EventLoop], _ plan: BenchPlan) async throws -> Team {
        var crews: [NIOLoopBound<Crew>] = []
        for (index, loop) in loops.enumerated() {
            let crew = try await loop.submit {
                NIOLoopBound(Crew(on: loop, index: index, plan: plan), eventLoop: loop)
            }.get()
            crews.append(crew)
        }
        return Team(plan: plan, crews: crews)
    }

    /// Asks every crew.
    func fromEach<Answer: Sendable>(
        _ body: @escaping @Sendable (Crew) -> Answer
    ) async throws -> [Answer] {
        var answers: [Answer] = []
        for crew in crews {
            answers.append(try await crew.eventLoop.submit { body(crew.value) }.get())
        }
        return answers
    }

    /// The sum over all crews.
    func sum(_ body: @escaping @Sendable (Crew) -> Int) async throws -> Int {
        try await fromEach(body).reduce(0, +)
    }

    /// Reasons of all crews together.
    func reasons(_ body: @escaping @Sendable (Crew) -> Reasons) async throws -> Reasons {
        try await fromEach(body).reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
    }
}
