import ChatCore

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
    /// A node's name in logs: it is read by people and by tools that split at spaces.
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
    /// User names. What they become when they are compared is the rules' business, not ours.
    static let names = ValueKind(
        expected: "names with commas between them such as admin,ops, or none",
        isList: true
    ) { (text) throws(InvalidValue) in
        let names = try Units.list(text)
        for name in names where !name.isPossibleName {
            throw InvalidValue("has an entry that cannot be a user name: “\(name.printable)”")
        }
        return names
    } show: {
        $0.isEmpty ? Units.emptyList : $0.joined(separator: ",")
    }
}

extension ValueKind<AllowedOrigins> {
    /// Origins, or any.
    static let origins = ValueKind(
        expected: "origins with commas between them such as https://chat.example.org, none, or *",
        isList: true
    ) { (text) throws(InvalidValue) in
        if text == "*" { return .any }
        var origins: [String] = []
        for entry in try Units.list(text) {
            guard entry != "*" else {
                throw InvalidValue("has * beside others, which it makes useless")
            }
            do throws(InvalidValue) {
                let origin = try AllowedOrigins.origin(entry)
                if !origins.contains(origin) { origins.append(origin) }
            } catch {
                throw InvalidValue("has an entry, “\(entry.printable)”, that \(error.complaint)")
            }
        }
        return .listed(origins)
    } show: {
        switch $0 {
        case .any: "*"
        case .listed([]): Units.emptyList
        case .listed(let origins): origins.joined(separator: ",")
        }
    }
}

extension String {
    /// Printable ASCII without spaces, and at least one of it.
    fileprivate var isPlainWord: Bool {
        !isEmpty && utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// A first look only: length, and nothing that no user name has.
    fileprivate var isPossibleName: Bool {
        (1...Limits.usernameScalars).contains(unicodeScalars.count)
            && !unicodeScalars.contains { $0.properties.isWhitespace || $0.isUnprintable }
    }
}
