import ChatClient
import ChatCore
@preconcurrency import Dispatch
import Glibc

/// A line of the adapter's input: a request of the application.
struct Request: Sendable {
    private(set) var action = ""
    private(set) var url = ""
    private(set) var name = ""
    private(set) var room = ""
    private(set) var key = ""
    /// The message, in JSON.
    private(set) var value: [UInt8] = []
    private(set) var milliseconds: UInt64 = 0

    private init(_ line: String) {
        var request = self
        _ = JSONReader.members(of: line.utf8.span.bytes) { key, json in
            let text = JSONReader.text(json) ?? ""
            switch key {
            case "do": request.action = text
            case "url": request.url = text
            case "name": request.name = text
            case "room": request.room = text
            case "key": request.key = text
            case "value": request.value = json.withUnsafeBytes { Array($0) }
            case "ms": request.milliseconds = JSONReader.number(json) ?? 0
            default: break
            }
        }
        self = request
    }

    /// Returns the requests, until the end of the standard input.
    static func fromInput() -> AsyncStream<Request> {
        let (requests, came) = AsyncStream.makeStream(of: Request.self)
        DispatchQueue(label: "input").async {
            while let line = readLine() { came.yield(Request(line)) }
            came.finish()
        }
        return requests
    }
}

/// A line of the adapter's output: an event that the application sees.
struct Line {
    private var json: [UInt8] = []

    init(_ kind: String) {
        JSONWriter.append(literal: #"{"see":"#, to: &json)
        JSONWriter.append(kind, to: &json)
    }

    /// Makes the line of an event; nil for one that the trials do not ask for.
    init?(_ event: RoomEvent, in room: String, isFirst: Bool) {
        switch event {
        case .chat(let message):
            self.init("entry")
            add("seq", message.seq)
            if let mid = message.mid { add("mid", mid) }
            addKey("value")
            json += message.json.utf8
        case .removed(let removal):
            self.init("removed")
            add("mid", removal.removedMid ?? removal.mid)
        case .gap(let numbers):
            self.init("gap")
            add("from", numbers.lowerBound)
            add("to", numbers.upperBound)
        case .reset(let position):
            self.init("reset")
            add("seq", position.seq)
        case .joined(let joined) where !joined.continues && !isFirst: self.init("hole")
        case .joined, .synced, .other, .presence, .typing: return nil
        }
        add("room", room)
    }

    /// Returns the line with one more member.
    func with(_ key: StaticString, _ text: String) -> Line {
        var line = self
        line.add(key, text)
        return line
    }

    /// Writes the line at once.
    func write() {
        let bytes = json + Array("}\n".utf8)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
            }
            // The program that plays the server has ended.
            guard count > 0 else { exit(EX_IOERR) }
            rest = rest.dropFirst(count)
        }
    }

    private mutating func add(_ key: StaticString, _ text: String) {
        addKey(key)
        JSONWriter.append(text, to: &json)
    }

    private mutating func add(_ key: StaticString, _ number: UInt64?) {
        guard let number else { return }
        addKey(key)
        JSONWriter.append(number, to: &json)
    }

    private mutating func addKey(_ key: StaticString) {
        JSONWriter.append(literal: ",\"", to: &json)
        JSONWriter.append(literal: key, to: &json)
        JSONWriter.append(literal: "\":", to: &json)
    }
}
