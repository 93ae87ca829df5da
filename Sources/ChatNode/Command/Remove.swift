import ArgumentParser
import ChatCore
import ChatSupport
import Glibc
import NIOHTTP1

/// `chatnode remove`: takes a message back that any client has said.
struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take a message back: its text is deleted everywhere, its place stays.",
        discussion: """
            EXAMPLES
              chatnode remove lobby 17 k3x9q2mz.4
              chatnode remove blue 120 k3x9q2mz.9 --reason spam --port 8080
              chatnode remove blue 120 k3x9q2mz.9 --admin unix:/run/chatnode/admin.sock

            The number and the id are the "seq" and "mid" of the chat as clients are sent
            it. It asks a node at its operators' address, which by default follows from
            the host and the port where clients connect: run it as the node's user, or
            name the address. The room's members are told that "admin" has removed it. To
            remove a message once more is harmless.

            EXIT CODES
              0    removed, now or before
              64   wrong arguments
              65   the room keeps no such message
              69   there is no node at the address
              75   not now; try again
            """
    )

    @Argument(help: "The room.")
    var room: String
    @Argument(help: "The message's number, its \"seq\".")
    var seq: UInt64
    @Argument(help: "The message's id, its \"mid\".")
    var mid: String
    @Option(help: "Why, for the room's members; at most \(Limits.removalReasonBytes) bytes.")
    var reason: String?
    @Option(help: "The host where clients connect to the node.")
    var host = ListenerSection().host
    @Option(help: "The port where clients connect to the node.")
    var port = ListenerSection().port
    @Option(help: "The node's operators' address: unix:PATH.")
    var admin: String?

    func run() async throws {
        let path = try path()
        let place = try place()
        let (status, text) = try await ask(path, place)
        switch status {
        case .ok: try Terminal.write(text)
        case .notFound:
            Terminal.complain("error: \(text)")
            throw ExitCode(EX_DATAERR)
        default:
            Terminal.complain("error: \(text)")
            throw ExitCode(EX_TEMPFAIL)
        }
    }

    private func path() throws -> String {
        guard let room = try? RoomName(room) else {
            throw ValidationError("\"\(room)\" is not the name of a room.")
        }
        guard let mid = MessageID(mid) else {
            throw ValidationError("\"\(mid)\" is not the id of a message.")
        }
        guard (reason?.utf8.count ?? 0) <= Limits.removalReasonBytes else {
            throw ValidationError("The reason has more than \(Limits.removalReasonBytes) bytes.")
        }
        return RemovalRequest.path(of: .init(seq: seq, mid: mid), in: room, reason: reason)
    }

    private func place() throws -> AdminPlace {
        var section = AdminSection()
        section.runtimeFolder = processEnvironment()["XDG_RUNTIME_DIR"]
        if let admin {
            do throws(InvalidValue) {
                section.address = try ValueKind<AdminAddress>.admin.parse(admin)
            } catch {
                throw ValidationError("The address \"\(admin)\" \(error).")
            }
        }
        guard let place = section.place(host: host, port: port), place.isPrivate else {
            throw ValidationError("A node removes messages over a unix socket only.")
        }
        return place
    }

    private func ask(_ path: String, _ place: AdminPlace) async throws -> (
        HTTPResponseStatus, String
    ) {
        do {
            return try await AdminClient.ask(.DELETE, path, at: place)
        } catch {
            Terminal.complain(
                """
                error: no node answers at \(place.question(of: "/healthz"))
                  fix: the --host and --port of the node, or its --admin
                """
            )
            throw ExitCode(EX_UNAVAILABLE)
        }
    }
}
