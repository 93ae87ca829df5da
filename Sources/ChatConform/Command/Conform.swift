package import ArgumentParser
import ChatCore
import ChatSupport
@preconcurrency import Dispatch
import Glibc
import Synchronization

/// `chatnode conform`: shows whether a client follows the rules for authors.
package struct Conform: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        abstract: "Play a server to a client of chat.v1, and check that it follows the rules.",
        discussion: """
            EXAMPLES
              chatnode conform --client ./adapter
              chatnode conform --client 'python3 examples/python/adapter.py' C6 C14
              chatnode conform --client 'deno run -A adapter.js' --except C27
              chatnode conform --list

            The adapter is a program of the client's author, in any language: it
            reads what its application asks for as lines of JSON, and writes what its
            application sees. docs/protocol/conform.md describes the lines. Each
            trial starts it anew, and ends it. The rules are those of
            docs/protocol/clients.md.

            Prints TAP: a line for each trial, and what has happened in those that
            failed.

            EXIT CODES
              0    the client passes all trials
              1    it does not
              64   wrong arguments
            """
    )

    @Option(help: ArgumentHelp("The command that starts the adapter.", valueName: "command"))
    var client: String?
    @Option(
        help: ArgumentHelp(
            "Ask only a part of this rule, which the client's WebSocket cannot follow in full.",
            valueName: "rule"
        )
    )
    var except: [String] = []
    @Flag(help: "List the trials, and play none.")
    var list = false
    @Option(help: "How many trials are played at the same time.")
    var jobs = 8
    @Argument(help: ArgumentHelp("Play the trials of these rules only.", valueName: "rule"))
    var rules: [String] = []

    package init() {}

    package func validate() throws {
        let unknown = rules.first { rule in !Trial.all.contains { $0.rule == rule } }
        if let unknown { throw ValidationError("there is no trial of the rule \(unknown)") }
        if let rule = except.first(where: { rule in
            !Trial.all.contains { $0.hasExceptions(to: rule) }
        }) {
            throw ValidationError("--except is for C1 and C27, and not for \(rule)")
        }
        if client == nil, !list { throw ValidationError("--client says how to start the adapter") }
        if jobs < 1 { throw ValidationError("--jobs is at least 1") }
    }

    package func run() async throws {
        let trials = Trial.all.filter { rules.isEmpty || rules.contains($0.rule) }
        if list {
            for trial in trials { Terminal.say("\(trial.rule) \(trial.title)") }
            return
        }
        // An adapter that ends while a line is written to it must not end this process.
        signal(SIGPIPE, SIG_IGN)
        let results = await play(trials)
        for (index, result) in results.enumerated() { result.tell(index + 1, trials[index]) }
        Terminal.say("1..\(trials.count)")
        if results.contains(where: { $0.failure != nil }) { throw ExitCode(1) }
    }

    /// Plays trials, some at the same time, each in a thread of its own: most of them wait.
    private func play(_ trials: [Trial]) async -> [Result] {
        let (command, exceptions, jobs) = (client ?? "", except, jobs)
        return await withCheckedContinuation { done in
            let results = Mutex([Result?](repeating: nil, count: trials.count))
            let queue = DispatchQueue(label: "conform", attributes: .concurrent)
            let (group, places) = (DispatchGroup(), DispatchSemaphore(value: jobs))
            DispatchQueue(label: "conform.begin").async {
                for (index, trial) in trials.enumerated() {
                    places.wait()
                    queue.async(group: group) {
                        let result = Result(
                            playing: trial,
                            command,
                            exceptions.contains(trial.rule)
                        )
                        results.withLock { $0[index] = result }
                        places.signal()
                    }
                }
                group.wait()
                done.resume(returning: results.withLock { $0.compactMap(\.self) })
            }
        }
    }
}

/// What came of a trial.
private struct Result: Sendable {
    let failure: String?
    let record: [String]

    init(playing trial: Trial, _ command: String, _ isExcepted: Bool) {
        do {
            let player = try Player(trial, command: command, isExcepted: isExcepted)
            do throws(Failure) {
                try player.play()
                failure = nil
            } catch {
                failure = error.description
            }
            record = player.record
        } catch {
            failure = "\(error)"
            record = []
        }
    }

    func tell(_ number: Int, _ trial: Trial) {
        let name = "\(number) - \(trial.rule) the client \(trial.title)"
        guard let failure else { return Terminal.say("ok \(name)") }
        let lines = (record + ["-> \(failure)"]).map { "#   \($0.printable)" }
        Terminal.say((["not ok \(name)"] + lines).joined(separator: "\n"))
    }
}
