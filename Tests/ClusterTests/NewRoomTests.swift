import TestSupport
import Testing

/// Clients are limited in how many rooms they begin (`--new-room-rate`), and not in how many they come back to.
@Suite struct NewRoomTests {
    /// One room takes 1,000 minutes.
    private let flags = ["--new-room-rate", "0.001", "--new-room-burst", "2"]

    /// Joins a room, and returns the first text of the answer.
    private func join(
        _ room: String,
        by client: RoomClient,
        since: RoomClient.Place? = nil
    ) throws -> String {
        let position = since.map { #","since":\#($0.since)"# } ?? ""
        try client.socket.say(#"{"type":"join","room":"\#(room)"\#(position)}"#)
        let answer = try client.hear()
        if answer.hasPrefix(#"{"type":"joined""#) {
            #expect(try client.hear().hasPrefix(#"{"type":"synced""#))
        }
        return answer
    }

    @Test func `a client that comes back to rooms in which nothing was said does not begin them`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        var places: [String: RoomClient.Place] = [:]
        for number in 1...4 {
            let first = try RoomClient(port: cluster.nodes[0].port)
            for room in ["a\(number)", "b\(number)"] {
                places[room] = try .init(join(room, by: first))
            }
        }
        let client = try RoomClient(port: cluster.nodes[1].port)
        for (room, place) in places {
            let answer = try join(room, by: client, since: place)
            #expect(answer.contains(#""recovered":true"#), "\(answer)")
        }
        // It still begins as many as any other. That a room is new shows only when it is heard: one more begins.
        for number in 1...3 {
            let answer = try join("r\(number)", by: client)
            #expect(answer.hasPrefix(#"{"type":"joined""#), "\(answer)")
        }
        let refusal = try join("r4", by: client)
        #expect(refusal.contains(#""code":"rate_limited""#), "\(refusal)")
    }
}
