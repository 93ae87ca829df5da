import ChatClient
import Foundation

/// Answers `!time` and `!help` in the lobby. It comes back by itself when its connection ends.
@main
struct Bot {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let url = try ChatURL(arguments.first ?? "ws://127.0.0.1:4567/ws")
        let name = arguments.dropFirst().first ?? "timebot"
        let client = try await ChatClient.connect(to: url)
        let login = try await client.login(name)
        print("logged in as \(login.username) on \(login.node)")
        let statuses = Task { [statuses = client.statuses] in
            for await status in statuses { print(status) }
        }
        let lobby = try await client.join()
        // The loop ends with an error if the client has to stay away, for example because this program was
        // started once more with its login.
        for try await case .chat(let message) in lobby where message.username != login.username {
            guard let answer = answer(to: message) else { continue }
            try await lobby.send(answer)
        }
        await statuses.value
    }

    /// Returns what there is to say to a message; nil: nothing.
    static func answer(to message: ChatMessage) -> String? {
        switch message.text {
        case "!time": "\(message.username): it is \(Date.now.formatted(.iso8601))"
        case "!help": "\(message.username): !time says the time"
        default: nil
        }
    }
}
