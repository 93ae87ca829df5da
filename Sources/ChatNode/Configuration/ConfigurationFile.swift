import Yams

/// The entries of a YAML file: one `key: value` on each line, one level deep.
struct ConfigurationFile {
    /// One line of the file.
    struct Entry: Equatable {
        let key: String
        let value: Value
        let line: Int
    }

    /// The value of a key.
    enum Value: Equatable {
        case text(String)
        case list([String])
        /// Nothing, `~` or `null`, which is refused: it is more often an unfinished line than a wish
        /// for the default.
        case empty
        /// A mapping, or a list of something other than texts.
        case nested
    }

    let entries: [Entry]

    /// Reads a file's text, but not what its keys and values mean.
    ///
    /// Fails: if the text is not YAML, or not one mapping.
    init(path: String, text: String) throws(Failure) {
        let root: Yams.Node?
        do {
            // The encoding is given because Yams otherwise looks for it in the environment.
            root = try Parser(yaml: text, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw Failure(problem: error.problem(path: path, text: text))
        } catch {
            throw Failure(problem: .malformed(path, line: 1, reason: "\(error)"))
        }
        guard let root, !root.isEmpty else {
            entries = []
            return
        }
        guard case .mapping(let mapping) = root else {
            let line = root.mark?.line ?? 1
            throw Failure(problem: .malformed(path, line: line, reason: "it has no keys"))
        }
        entries = mapping.map { key, value in
            Entry(
                key: key.scalar?.string ?? "",
                value: Value(value),
                line: key.mark?.line ?? 1
            )
        }
    }

    /// Why the file has no entries.
    struct Failure: Error {
        let problem: ConfigurationError.Problem
    }
}

extension ConfigurationFile.Value {
    fileprivate init(_ node: Yams.Node) {
        if node.isEmpty {
            self = .empty
        } else if let scalar = node.scalar {
            self = .text(scalar.string)
        } else if let sequence = node.sequence {
            let texts = sequence.compactMap { $0.isEmpty ? nil : $0.scalar?.string }
            self = texts.count == sequence.count ? .list(texts) : .nested
        } else {
            self = .nested
        }
    }
}

extension Yams.Node {
    /// Whether this is YAML's null, without quotes (YAML 1.2.2 section 10.3.2).
    fileprivate var isEmpty: Bool {
        guard case .scalar(let scalar) = self, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }
}

extension YamlError {
    fileprivate func problem(path: String, text: String) -> ConfigurationError.Problem {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            let line = text.split(
                omittingEmptySubsequences: false,
                whereSeparator: \.isNewline
            ).dropFirst(mark.line - 1).first
            // In YAML a bare * starts an alias; in this file it most often means any origin.
            let fix = line?.contains("*") == true ? "put the * in quotes: \"*\"" : nil
            return .malformed(path, line: mark.line, reason: problem, fix: fix)
        case .reader(let problem, let offset, _, _):
            let line = 1 + text.prefix(offset ?? 0).count(where: \.isNewline)
            return .malformed(path, line: line, reason: problem)
        case .duplicatedKeysInMapping(let keys, let context):
            return .duplicates(keys: keys, at: .file(path: path, line: context.mark.line))
        default:
            return .malformed(path, line: 1, reason: "\(self)")
        }
    }
}

extension ConfigurationError.Problem {
    fileprivate static func malformed(
        _ path: String,
        line: Int,
        reason: String,
        fix: String? = nil
    ) -> Self {
        .malformed(
            path: path,
            reason: reason,
            fix: fix ?? "write one `key: value` on each line",
            at: .file(path: path, line: line)
        )
    }
}
