import Foundation
import TestSupport
import Testing

@testable import ChatCore

/// Plays the examples that need more than one message, key for key: their ids are the node's own.
@Suite(.enabled(if: !ExampleFiles.isPending("remove"))) struct RemovalExampleTests {
    private let harness = V1Harness()
    private var node: TestNode { harness.node }

    private func keys(of text: String?) throws -> Set<String> {
        let json = try JSONSerialization.jsonObject(with: Data((text ?? "").utf8))
        return Set(try #require(json as? [String: Any]).keys)
    }

    private func keys(ofExample name: String) throws -> Set<String> {
        try keys(of: ExampleFiles.message("chat.v1/server/\(name)"))
    }

    /// Has a client say something in the room tea. Returns the `mid` that it was told.
    private func say(_ client: Int) throws -> String {
        node.says(client, #"{"type":"chat","room":"tea","value":"hello","id":"m1","n":1}"#)
        let ack = try #require(node.takeHeard(client).last)
        return String(
            try #require(ack.components(separatedBy: #""mid":""#).last).prefix { $0 != "\"" }
        )
    }

    private func remove(_ client: Int, _ mid: String, n: Int) -> String? {
        let place = #""seq":1,"mid":"\#(mid)""#
        node.says(
            client,
            #"{"type":"remove","room":"tea",\#(place),"reason":"a slip","id":"m2","n":\#(n)}"#
        )
        return node.takeHeard(client).last
    }

    @Test func `a removal is acknowledged, and told to the room`() throws {
        node.open(harness.room("tea"))
        let ada = harness.ada()
        let mid = try say(ada)
        #expect(try keys(of: remove(ada, mid, n: 2)) == keys(ofExample: "ack"))
        let told = node.takeRoom().last
        #expect(told?.hasPrefix(#"{"type":"removed","#) == true)
        #expect(try keys(of: told) == keys(ofExample: "removed"))
    }

    @Test func `a removal that is not possible is refused`() throws {
        node.open(harness.room("tea"))
        let (ada, bob) = (harness.ada(), harness.ada("Bob"))
        let mid = try say(ada)
        let unknown = remove(ada, "00000000.9", n: 2)
        #expect(unknown?.contains(#""code":"not_found""#) == true)
        #expect(try keys(of: unknown) == keys(ofExample: "error.not_found"))
        let others = remove(bob, mid, n: 1)
        #expect(others?.contains(#""code":"forbidden""#) == true)
        #expect(try keys(of: others) == keys(ofExample: "error.forbidden").union(["id"]))
    }
}
