import TestSupport

/// Makes random JSON and random changes to it.
enum JSONGenerator {
    static func value(depth: Int, _ random: inout SplitMix) -> String {
        let bare =
            switch Int.random(in: 0..<(depth < 5 ? 10 : 7), using: &random) {
            case 0: pick(["true", "false", "null"], &random)
            case 1...3: number(&random)
            case 4...6: string(&random)
            case 7...8: array(depth, &random)
            default: object(depth, &random)
            }
        return space(&random) + bare + space(&random)
    }

    /// Changes, removes, repeats or inserts a byte, mostly one with a meaning in JSON.
    static func mutate(_ text: inout [UInt8], _ random: inout SplitMix) {
        let telling = Array("{}[]:,\"\\ \t\n0123456789+-.eEutrfalsn/\u{1}".utf8)
        let byte =
            Int.random(in: 0..<10, using: &random) == 0
            ? UInt8.random(in: .min ... .max, using: &random)
            : telling[Int.random(in: 0..<telling.count, using: &random)]
        guard let index = text.indices.randomElement(using: &random) else {
            return text.append(byte)
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text[index] = byte
        case 1: text.remove(at: index)
        case 2: text.insert(text[index], at: index)
        default: text.insert(byte, at: index)
        }
    }

    static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

    private static func pick(_ choices: [String], _ random: inout SplitMix) -> String {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    private static func space(_ random: inout SplitMix) -> String {
        pick(["", "", "", "", " ", "\n", "\t", "\r\n  "], &random)
    }

    private static func digits(_ random: inout SplitMix) -> String {
        let count = Int.random(in: 1...(Bool.random(using: &random) ? 4 : 25), using: &random)
        return String(
            (0..<count).map { _ in Character("\(Int.random(in: 0...9, using: &random))") }
        )
    }

    private static func number(_ random: inout SplitMix) -> String {
        var text = pick(["", "-"], &random)
        text += pick(["0", "7", "1" + digits(&random)], &random)
        if Bool.random(using: &random) { text += "." + digits(&random) }
        if Int.random(in: 0..<4, using: &random) == 0 {
            text += pick(["e", "E"], &random) + pick(["", "+", "-"], &random) + digits(&random)
        }
        return text
    }

    private static func string(_ random: inout SplitMix) -> String {
        let pieces = [
            "a", "Z", " ", "hello", "é", "😀", "\u{2028}", "\u{7F}", #"\n"#, #"\""#, #"\\"#, #"\/"#,
            #"\u0041"#, #"\u0000"#, #"\ud83d\ude00"#, "{", "]", ",", ":", "//", "'",
        ]
        var text = "\""
        for _ in 0..<Int.random(in: 0...8, using: &random) { text += pick(pieces, &random) }
        if Int.random(in: 0..<30, using: &random) == 0 { text += #"\ud800"# }
        return text + "\""
    }

    private static func array(_ depth: Int, _ random: inout SplitMix) -> String {
        let count = Int.random(in: 0...4, using: &random)
        if count == 0 { return "[" + space(&random) + "]" }
        let values = (0..<count).map { _ in value(depth: depth + 1, &random) }
        return "[" + values.joined(separator: ",") + "]"
    }

    private static func object(_ depth: Int, _ random: inout SplitMix) -> String {
        let count = Int.random(in: 0...4, using: &random)
        if count == 0 { return "{" + space(&random) + "}" }
        let members = (0..<count).map { _ in
            space(&random) + string(&random) + space(&random) + ":"
                + value(depth: depth + 1, &random)
        }
        return "{" + members.joined(separator: ",") + "}"
    }
}
