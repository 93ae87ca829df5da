import ChatClient
import ChatCore
import Foundation

/// Answers `!time` and `!help`, and comes back when its connection ends.
@main
struct Bot {
    static let firstWait = Duration.milliseconds(500)
    static let longestWait = Duration.seconds(20)

    let url: ChatURL
    let name: String

    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let bot = Bot(
            url: try ChatURL(arguments.first ?? "ws://127.0.0.1:4567/ws"),
            name: arguments.dropFirst().first ?? "timebot"
        )
        var wait = firstWait
        while true {
            do {
                try await bot.serve { wait = firstWait }
            } catch ChatClientError.ended(let end) where end.isFinal {
                throw ChatClientError.ended(end)
            } catch ChatClientError.loginFailed(let reason, let message)
                where reason == "invalid" || reason == "forbidden"
            {
                throw ChatClientError.loginFailed(reason: reason, message: message)
            } catch {
                print("\(error); coming back")
            }
            // Full jitter: bots whose node has ended do not all come back at one moment.
            try await Task.sleep(for: wait * Double.random(in: 0...1))
            wait = min(wait * 2, longestWait)
        }
    }

    /// Connects, logs in, and answers until the connection ends.
    func serve(loggedIn: () -> Void) async throws {
        let client = try await ChatClient.connect(to: url)
        let node = try await client.login(name)
        print("logged in as \(name) on \(node)")
        loggedIn()
        for try await message in client.messages {
            switch message.type {
            case "chat":
                if let answer = answer(to: message) { try await client.send(answer) }
            case "logged_out":
                // Unasked: the node has lost touch with the others, and the name has passed on.
                try await client.login(name)
            case "error":
                print("refused: \(message.code ?? "") \(message.value ?? "")")
            default:
                break
            }
        }
    }

    /// Returns what there is to say to a message; nil: nothing. The value is JSON as it was written.
    func answer(to message: HeardMessage) -> String? {
        guard message.username != name, let sender = message.username else { return nil }
        switch message.value {
        case "\"!time\"": return "\(sender): it is \(Date.now.formatted(.iso8601))"
        case "\"!help\"": return "\(sender): !time says the time"
        default: return nil
        }
    }
}

extension ConnectionEnd {
    /// Whether a client must not come back by itself: docs/protocol/README.md, "Close codes".
    var isFinal: Bool {
        guard case .closed(let code?, _) = self else { return false }
        return [1000, 1002, 1003, 1007, 1008, 1009, 4001].contains(code.rawValue)
    }
}
