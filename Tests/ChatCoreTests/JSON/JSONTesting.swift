import Testing

@testable import ChatCore

/// Returns the scanner's error for a whole text; nil if it is JSON.
func scan(_ text: [UInt8]) -> JSONError? {
    let bytes = text.span.bytes
    var scanner = JSONScanner()
    do throws(JSONError) {
        scanner.skipWhitespace(bytes)
        _ = try scanner.value(bytes)
        try scanner.end(bytes)
        return nil
    } catch {
        return error
    }
}

func scan(_ text: String) -> JSONError? { scan(Array(text.utf8)) }

/// A string token with its text's bytes, because `#expect` cannot take a span.
struct JSONToken {
    let bytes: [UInt8]
    let string: JSONString

    /// Reads a text that must be one string, with its quotes.
    init(_ text: [UInt8]) throws {
        bytes = text
        var scanner = JSONScanner()
        string = try scanner.string(text.span.bytes)
        try #require(scanner.position == text.count)
    }

    var decoded: String? { string.decoded(in: bytes.span.bytes) }

    func equals(_ word: StaticString) -> Bool { string.equals(word, in: bytes.span.bytes) }
}

/// A message as the session sees it, with its parts copied from the bytes.
struct ParsedMessage: Equatable {
    var kind: ClientMessage.Kind
    var username: String?
    var value: String?
}

/// An error as the session sees it.
struct ParsedError: Error, Equatable {
    var code: ErrorCode
    var username: String?
    var message: String
}

func parse(_ bytes: [UInt8]) -> Result<ParsedMessage, ParsedError> {
    let span = bytes.span.bytes
    do throws(MessageError) {
        let message = try ClientMessage.parse(span)
        let parsed = ParsedMessage(
            kind: message.kind,
            username: message.username.decoded(in: span),
            value: message.value.map { String(decoding: bytes[$0], as: UTF8.self) }
        )
        return .success(parsed)
    } catch {
        let username = error.username?.decoded(in: span)
        return .failure(
            ParsedError(
                code: error.fault.code,
                username: username,
                message: error.fault.sentence
            )
        )
    }
}

func parse(_ text: String) -> Result<ParsedMessage, ParsedError> { parse(Array(text.utf8)) }

extension Result where Success == ParsedMessage, Failure == ParsedError {
    var error: ParsedError? {
        if case .failure(let error) = self { error } else { nil }
    }

    var message: ParsedMessage? { try? get() }
}
