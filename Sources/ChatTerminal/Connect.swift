package import ArgumentParser
import ChatClient
import ChatCore
import ChatSupport
import Glibc

/// `chatnode connect`: a chat client for the terminal.
package struct Connect: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        abstract: "Chat in the terminal, or from a script.",
        discussion: """
            EXAMPLES
              chatnode connect --name ada
              chatnode connect ws://127.0.0.1:18080 --name ada --room tea
              echo hello | chatnode connect --name bot
              chatnode connect --json --room tea | jq -r 'select(.event=="chat").value'

            What is entered is said in the room; /help lists the commands. If the
            connection ends, the client comes back by itself, and says so: to its name,
            to where it was, and to what had not been said yet.

            Without a terminal lines are read and written plainly, and the end of the
            input ends the client once all is said. Without --name it only listens: its
            input is then not read. With --json each line of the output is an object with
            an `event`: joined, chat, synced, gap, reset, removed, presence, typing,
            other; sent, status, error.

            EXIT CODES
              0    fine
              1    not all that a script has asked for was done
              64   wrong arguments
              69   no node answered, or it has closed the connection for good
              77   the node refuses the name or the room
              130  ended by Ctrl-C; 143 by SIGTERM
              141  nothing takes the output any more
            """
    )

    @Argument(help: "A node, or the balancer: ws://HOST[:PORT][/PATH].")
    var url = "ws://127.0.0.1:4567"
    @Option(help: "The name to chat under. Without it, only listen.")
    var name: String?
    @Option(help: "The room to begin in.")
    var room = "lobby"
    @Option(help: "How many of a room's newest messages to show first, 0 to 100.")
    var history = 20
    @Flag(help: "Print a JSON object for each event.")
    var json = false

    package init() {}

    package func validate() throws {
        do throws(ChatURL.Invalid) {
            _ = try ChatURL(url)
        } catch {
            throw ValidationError("\(url.printable) \(error.complaint)")
        }
        guard (0...Limits.historyPageMessages).contains(history) else {
            throw ValidationError("--history is a number from 0 to \(Limits.historyPageMessages)")
        }
    }

    package func run() async throws {
        Signals.ignoreBrokenPipes()
        let isTerminal = TerminalInput.isTerminal && !json
        let output = TerminalOutput(prompt: isTerminal ? "> " : nil)
        let former = isTerminal ? TerminalInput.settings : nil
        let code = await chat(output, isTerminal: isTerminal)
        await output.end()
        TerminalInput.restore(former)
        throw ExitCode(code)
    }

    private func chat(_ output: TerminalOutput, isTerminal: Bool) async -> Int32 {
        let client: ChatClient
        do {
            client = try await ChatClient.connect(to: ChatURL(url))
        } catch {
            return Self.fail(error)
        }
        let chat = TerminalChat(client, output, isJSON: json, history: history)
        let code = await firstEnd(of: chat, output, isTerminal: isTerminal)
        await client.close()
        return code
    }

    /// Says why the command ends, and returns its exit code.
    private static func fail(_ error: any Error) -> Int32 {
        Terminal.complain("error: \(TerminalChat.words(for: error))")
        return switch error as? ChatClientError {
        case .loginFailed, .refused: EX_NOPERM
        default: EX_UNAVAILABLE
        }
    }

    /// Waits for the end of the input, of the client, or for a signal, and returns the exit code.
    private func firstEnd(
        of chat: TerminalChat,
        _ output: TerminalOutput,
        isTerminal: Bool
    ) async -> Int32 {
        await withTaskGroup(of: Int32.self) { group in
            group.addTask {
                for await signal in Signals.stopRequests() { return 128 + signal }
                return EX_OK
            }
            group.addTask {
                guard let end = await chat.showStatuses() else { return EX_OK }
                return Self.fail(ChatClientError.ended(end))
            }
            group.addTask {
                for await _ in output.taken {}
                return 128 + SIGPIPE
            }
            group.addTask { await work(chat, output, isTerminal: isTerminal) }
            let code = await group.next() ?? EX_OK
            group.cancelAll()
            return code
        }
    }

    private func work(
        _ chat: TerminalChat,
        _ output: TerminalOutput,
        isTerminal: Bool
    ) async -> Int32 {
        // The echo of keys that are pressed before the prompt appears would stay on the screen beside it.
        if isTerminal { TerminalInput.takeKeys(areSignalsKept: true) }
        do {
            try await chat.begin(name: name, room: room)
        } catch {
            return Self.fail(error)
        }
        if isTerminal {
            // Not before: until now Ctrl-C ends the command as any other.
            TerminalInput.takeKeys()
            return await takeKeys(chat, output)
        }
        if name != nil {
            await takeLines(chat)
        } else {
            // There is nothing to wait for but a signal, or the end of the client.
            await chat.listen()
        }
        return await chat.hasFailed ? EXIT_FAILURE : EX_OK
    }

    private func takeLines(_ chat: TerminalChat) async {
        let input = TerminalInput()
        var cutter = LineCutter()
        while let bytes = await input.next() {
            for line in cutter.take(bytes) {
                guard await chat.carryOut(line) else { return }
            }
        }
        for line in cutter.end() { _ = await chat.carryOut(line) }
    }

    /// Takes keys, and returns the exit code. What they complete is carried out in order beside them, so that a
    /// message that waits does not keep the next one from being entered.
    private func takeKeys(_ chat: TerminalChat, _ output: TerminalOutput) async -> Int32 {
        let input = TerminalInput()
        let (lines, entered) = AsyncStream.makeStream(of: String.self)
        return await withTaskGroup(of: Int32.self) { group in
            group.addTask {
                for await line in lines where await !chat.carryOut(line) { break }
                return EX_OK
            }
            group.addTask {
                while let bytes = await input.next() {
                    for action in await output.enter(bytes) {
                        switch action {
                        case .interrupt: return 128 + SIGINT
                        case .end: return EX_OK
                        case .line(let line):
                            if case .quit = TerminalCommand(line) { return EX_OK }
                            entered.yield(line)
                        }
                    }
                }
                return EX_OK
            }
            let code = await group.next() ?? EX_OK
            entered.finish()
            group.cancelAll()
            return code
        }
    }
}
