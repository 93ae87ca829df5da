import ChatCore
import ChatSupport

extension ValueKind<String> {
    /// A name or an address to listen on, without a port.
    static let host = ValueKind(
        expected: "a host name or an IP address such as 127.0.0.1 or ::1"
    ) { (text) throws(InvalidValue) in
        guard text.isPlainWord, !text.contains(where: { "/[]".contains($0) }) else {
            throw InvalidValue("is not a host name or an IP address")
        }
        guard text.count(where: { $0 == ":" }) != 1 else {
            throw InvalidValue("has a port, which is a setting of its own")
        }
        return text
    } show: {
        $0
    }
}

extension ValueKind<String?> {
    /// A node's name in logs, without spaces because tools that read logs split at them.
    static let label = optional(
        ValueKind<String>(expected: "1 to 64 printable ASCII characters without spaces") {
            (text) throws(InvalidValue) in
            guard text.isPlainWord, text.utf8.count <= 64 else {
                throw InvalidValue("is not 1 to 64 printable ASCII characters without spaces")
            }
            return text
        } show: {
            $0
        },
        absent: "auto"
    )
}

extension ValueKind<[String]> {
    /// A list of user names, by the same rules as clients' names.
    static let names = ValueKind(
        expected: "names with commas between them such as admin,ops, or none",
        isList: true
    ) { (text) throws(InvalidValue) in
        let names = try Units.list(text)
        for name in names {
            do throws(UsernameError) {
                _ = try Username(name)
            } catch {
                throw InvalidValue("has an entry, “\(name.printable)”: \(error.message)")
            }
        }
        return names
    } show: {
        $0.isEmpty ? Units.emptyList : $0.joined(separator: ",")
    }
}

extension ValueKind<[String]> {
    /// A list of origins, or `*` for any.
    static let origins = ValueKind(
        expected: "origins with commas between them such as https://chat.example.org, \"null\" for "
            + "pages without one, none, or \"*\" for any (quoted like that in a file)",
        isList: true
    ) { (text) throws(InvalidValue) in
        if text == OriginPolicy.any { return [text] }
        let entries = try Units.list(text)
        guard !entries.contains(OriginPolicy.any) else {
            throw InvalidValue("has * beside others, which it makes useless")
        }
        for entry in entries where !OriginPolicy.isEntry(entry) {
            throw InvalidValue(
                "has an entry that is not scheme://host[:port]: “\(entry.printable)”"
            )
        }
        return entries
    } show: {
        $0.isEmpty ? Units.emptyList : $0.joined(separator: ",")
    }
}

extension String {
    /// Whether the text is printable ASCII without spaces, and not empty.
    fileprivate var isPlainWord: Bool {
        !isEmpty && utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
