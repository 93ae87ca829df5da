import Testing

@testable import ChatCore

@Suite struct ClientMessageTests {
    @Test(arguments: [
        ("login", ClientMessage.Kind.login), ("logout", .logout), ("chat", .chat),
    ])
    func `each type of the plain vocabulary is known`(_ type: String, _ kind: ClientMessage.Kind) {
        let message = parse(#"{"type":"\#(type)","username":"alice"}"#).message
        #expect(message == ParsedMessage(kind: kind, username: "alice", value: nil))
    }

    @Test func `keys come in any order, with any whitespace`() {
        let message = parse(
            "\r\n{\t\"value\" : 1 ,\n\"username\":\"alice\", \"type\" :\"chat\" } \n"
        ).message
        #expect(message == ParsedMessage(kind: .chat, username: "alice", value: "1"))
    }

    @Test func `unknown keys are ignored, whatever they hold and however often they come`() {
        let text =
            #"{"x":{"type":1},"type":"chat","":[],"x":null,"Type":2,"username":"a","id":"i"}"#
        #expect(parse(text).message == ParsedMessage(kind: .chat, username: "a", value: nil))
    }

    @Test func `escaped keys are keys and escaped types are types`() {
        let text = #"{"t\u0079pe":"ch\u0061t","\u0075sername":"\u0061lice","valu\u0065":"\u0061"}"#
        let message = parse(text).message
        #expect(message == ParsedMessage(kind: .chat, username: "alice", value: #""\u0061""#))
    }

    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1.10", "1e999", "-1E-999", "9223372036854775808",
        "1234567890123456789012345", #""""#, #""\u0000""#, #""\ud800""#, #""\ud83d\ude00""#,
        "\"😀\"",
        #""\/\"\\\n""#, "[]", "{}", "[ 1 , 2 ]", #"{ "b" : 1, "a" : 2 }"#,
        #"{"a":1,"a":2,"type":3}"#,
        "{\n\t\"a\":\r\n[ ]}", #"{"type":"login","username":5}"#, "\"\u{2028}\u{2029}\u{7F}\"",
        #""</script>""#,
    ])
    func `a value is relayed byte for byte`(_ value: String) {
        for space in ["", " ", "\r\n\t "] {
            let first = #"{"value":"# + space + value + space + #","type":"chat","username":"a"}"#
            let last = #"{"type":"chat","username":"a","value":"# + space + value + space + "}"
            // Compared by bytes, because canonically equivalent strings are equal.
            #expect(parse(first).message?.value.map { Array($0.utf8) } == Array(value.utf8))
            #expect(parse(last).message?.value.map { Array($0.utf8) } == Array(value.utf8))
        }
    }

    @Test(arguments: [
        "", " ", "hello", #"{"type":"login","username":"a""#, #"{"type":"login","username":"a"}}"#,
        #"{"type":"login","username":"a"},"#, #"{"type":"login" "username":"a"}"#,
        "{'type':'login'}",
        #"{"type":"login","username":"a","value":01}"#, "\u{FEFF}{}", #"{"type":}"#,
        #"{type:"login"}"#,
        #"{"type":"login","username":"a",}"#, #"{"type":"nonsense","username":1,"username":2,}"#,
        "[1,]",
        "{\"type\":\"login\",\"username\":\"a\nb\"}", #"{"type":"login","username":"\x"}"#,
    ])
    func `what is not JSON is bad_json, whatever else is wrong, and has no username`(_ text: String)
    {
        let expected = ParsedError(
            code: .badJSON,
            username: nil,
            message: "The message is not JSON"
        )
        #expect(parse(text).error == expected)
    }

    @Test func `the message itself counts as the first level of nesting`() {
        func text(_ depth: Int) -> String {
            let value =
                String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1)
            return #"{"type":"chat","username":"a","value":\#(value)}"#
        }
        #expect(parse(text(Limits.jsonDepth)).message?.kind == .chat)
        let error = parse(text(Limits.jsonDepth + 1)).error
        #expect(error?.code == .badJSON)
        #expect(error?.message == "The message is nested deeper than 32 levels")
        #expect(error?.username == nil)
    }

    @Test(arguments: [
        "[]", "[{}]", "1", "null", "true", #""login""#, #"[{"type":"login","username":"a"}]"#,
    ])
    func `a top level that is no object is bad_message`(_ text: String) {
        let expected = ParsedError(
            code: .badMessage,
            username: nil,
            message: "A message is a JSON object"
        )
        #expect(parse(text).error == expected)
    }

    @Test(arguments: ["null", "1", "true", "[]", "{}", #"["login"]"#])
    func `a type or username that is no string is bad_message`(_ wrong: String) {
        let type = parse(#"{"type":\#(wrong),"username":"alice"}"#).error
        #expect(type?.code == .badMessage)
        #expect(type?.message == "The type must be a string")
        #expect(type?.username == "alice")
        let username = parse(#"{"type":"login","username":\#(wrong)}"#).error
        #expect(username?.code == .badMessage)
        #expect(username?.message == "The username must be a string")
        #expect(username?.username == nil)
    }

    @Test(arguments: [
        (#""type":"chat""#, "type"), (#""t\u0079pe":"chat""#, "type"), (#""type":1"#, "type"),
        (#""username":"alice""#, "username"), (#""user\u006eame":"bob""#, "username"),
        (#""value":2"#, "value"), (#""\u0076alue":2"#, "value"),
    ])
    func `a known key given twice is bad_message`(_ second: String, _ key: String) {
        let expected = ParsedError(
            code: .badMessage,
            username: "alice",
            message: "The key \"\(key)\" is given twice"
        )
        let members = #""type":"chat","username":"alice","value":1"#
        #expect(parse("{\(members),\(second)}").error == expected)
        #expect(parse("{\(members),\"x\":0,\(second),\(second)}").error == expected)
    }

    @Test func `of several faults the first is told`() {
        let text = #"{"username":7,"type":1,"username":"b","value":1,"value":2}"#
        #expect(parse(text).error?.message == "The username must be a string")
        #expect(parse(text).error?.username == nil)
    }

    @Test(arguments: [
        #""type":"""#, #""type":"Login""#, #""type":"login ""#, #""type":"ping""#,
        #""type":"logi""#,
        #""type":"\ud800""#, #""type":"chat\u0000""#, #""x":"login""#,
    ])
    func `an unknown or missing type is unknown_type, with or without a username`(_ type: String) {
        let named = ParsedError(
            code: .unknownType,
            username: "alice",
            message: "Unknown message type"
        )
        var nameless = named
        nameless.username = nil
        #expect(parse(#"{\#(type),"username":"alice","value":1}"#).error == named)
        #expect(parse(#"{"username":"alice",\#(type)}"#).error == named)
        #expect(parse("{\(type)}").error == nameless)
    }

    @Test func `an empty object is unknown_type`() {
        #expect(parse(" { } ").error?.code == .unknownType)
    }

    @Test func `a field of a wrong type or given twice is reported before an unknown type`() {
        #expect(parse(#"{"type":"ping","username":1}"#).error?.code == .badMessage)
        #expect(parse(#"{"value":1,"value":1}"#).error?.code == .badMessage)
    }

    @Test(arguments: ["login", "logout", "chat"])
    func `a missing username is bad_message`(_ type: String) {
        let expected = ParsedError(
            code: .badMessage,
            username: nil,
            message: "The username is missing"
        )
        #expect(parse(#"{"type":"\#(type)","value":1}"#).error == expected)
    }

    @Test func `a username with half a surrogate pair is a message whose name is no text`() {
        let message = parse(#"{"type":"login","username":"\ud800"}"#).message
        #expect(message == ParsedMessage(kind: .login, username: nil, value: nil))
        #expect(parse(#"{"type":"ping","username":"\ud800"}"#).error?.code == .unknownType)
    }

    @Test func `an empty username is a username`() {
        #expect(parse(#"{"type":"login","username":""}"#).message?.username == "")
    }

    @Test func `a key of 64 KB is passed over, plain and escaped`() {
        for piece in ["k", "\\u006b", "\\n"] {
            let key = String(repeating: piece, count: 65_536 / piece.utf8.count)
            let text = #"{"\#(key)":1,"type":"login","username":"a"}"#
            #expect(parse(text).message?.kind == .login)
        }
    }

    @Test func `an error carries nothing of what was sent in its sentence`() {
        let texts = [#"{"type":"<evil>"}"#, #"{"username":"<evil>","username":1}"#, #""<evil>""#]
        for text in texts {
            #expect(parse(text).error?.message.contains("evil") == false)
        }
    }
}
