import ChatRedis
import ChatSupport

extension Configuration {
    /// Puts a configuration together: flags over environment over file over defaults.
    ///
    /// `flags` has the keys of the table and `config`. Every source is checked, even if another one
    /// overrides it.
    /// Fails: with everything that is wrong.
    static func load(
        flags: [String: String],
        environment: [String: String],
        readFile: (String) throws(FileReadError) -> String = readTextFile
    ) throws(ConfigurationError) -> Configuration {
        var loader = Loader()
        loader.configuration.admin.runtimeFolder = environment["XDG_RUNTIME_DIR"]
        loader.file(flags: flags, environment: environment, readFile: readFile)
        loader.environment(environment)
        loader.flags(flags)
        loader.contradictions()
        loader.passwordFile(readFile: readFile)
        guard loader.problems.isEmpty else {
            throw ConfigurationError(problems: loader.problems)
        }
        return loader.configuration
    }
}

/// Applies the sources one after the other, the one that yields to all others first, and collects
/// what is wrong.
private struct Loader {
    var configuration = Configuration()
    var problems: [ConfigurationError.Problem] = []
    /// Keys with a wrong value; whether they contradict others is not known.
    private var broken: Set<String> = []

    mutating func file(
        flags: [String: String],
        environment: [String: String],
        readFile: (String) throws(FileReadError) -> String
    ) {
        let path: String
        let source: SettingSource
        if let flag = flags[Setting.fileKey] {
            (path, source) = (flag, .flag(Setting.fileKey))
        } else if let variable = environment[Setting.fileVariable] {
            (path, source) = (variable, .environment(variable: Setting.fileVariable))
        } else {
            return
        }
        do {
            let text = try readFile(path)
            for entry in try ConfigurationFile(path: path, text: text).entries {
                apply(entry, path: path)
            }
        } catch let error as FileReadError {
            problems.append(.unreadable(path: path, reason: error.reason, at: source))
        } catch let error as ConfigurationFile.Failure {
            problems.append(error.problem)
        } catch {
            problems.append(.unreadable(path: path, reason: "\(error)", at: source))
        }
    }

    mutating func environment(_ environment: [String: String]) {
        let prefix = Setting.variablePrefix
        var ours = environment.filter { $0.key.hasPrefix(prefix) }
        ours[Setting.fileVariable] = nil
        if let password = ours.removeValue(forKey: Setting.passwordVariable) {
            apply(password: password)
        }
        for setting in Setting.all {
            guard let text = ours.removeValue(forKey: setting.variable) else { continue }
            apply(setting, text, .environment(variable: setting.variable))
        }
        for (name, value) in ours.sorted(by: { $0.key < $1.key }) {
            let closest = Setting.closestVariable(to: String(name.dropFirst(prefix.count)))
            let kubernetes = value.hasPrefix("tcp://") || name.contains("_SERVICE_")
            problems.append(
                .unknownVariable(
                    name,
                    closest: kubernetes ? nil : closest,
                    fromKubernetes: kubernetes
                )
            )
        }
    }

    mutating func flags(_ flags: [String: String]) {
        for setting in Setting.all {
            guard let text = flags[setting.key] else { continue }
            apply(setting, text, .flag(setting.key))
        }
    }

    mutating func contradictions() {
        problems += configuration.contradictions.filter { problem in
            guard case .contradiction(let key, _, let other, _, _) = problem else { return true }
            return broken.isDisjoint(with: [key, other])
        }
    }

    /// Reads the file with Redis's password, unless something else is wrong already: a file that is a
    /// pipe can be read only once.
    mutating func passwordFile(readFile: (String) throws(FileReadError) -> String) {
        guard problems.isEmpty, let path = configuration.redis.passwordFile else { return }
        let key = "redis-password-file"
        let source = configuration.source(of: key)
        do {
            if let password = PasswordFile.password(in: try readFile(path)) {
                configuration.setRedisPassword(password, from: .file(path: path, line: 1))
                return
            }
            problems.append(
                .invalid(
                    key: key,
                    value: path,
                    complaint: "has an empty first line",
                    expected: "a file whose first line is the password",
                    at: source
                )
            )
        } catch {
            problems.append(.unreadable(path: path, reason: error.reason, at: source))
        }
    }

    private mutating func apply(password: String) {
        let source = SettingSource.environment(variable: Setting.passwordVariable)
        // The value may come from a file: CHAT_REDIS_PASSWORD=$(cat FILE).
        let password = password.withoutByteOrderMark
        guard password.isEmpty else {
            configuration.setRedisPassword(Secret(text: password), from: source)
            return
        }
        problems.append(
            .invalid(
                key: Setting.passwordKey,
                value: nil,
                complaint: "is empty",
                expected: "the password, or no such variable",
                at: source
            )
        )
    }

    private mutating func apply(_ entry: ConfigurationFile.Entry, path: String) {
        let source = SettingSource.file(path: path, line: entry.line)
        guard let setting = Setting.named(entry.key) else {
            let closest = Setting.closest(to: entry.key)
            problems.append(.unknownKey(entry.key, at: source, closest: closest?.key))
            return
        }
        switch entry.value {
        case .text(let text):
            apply(setting, text, source)
        case .list(let entries) where setting.isList:
            let text = entries.isEmpty ? Units.emptyList : entries.joined(separator: ",")
            apply(setting, text, source)
        case .list:
            refuse(setting, nil, "is a list", source)
        case .nested:
            refuse(setting, nil, "has something nested below it", source)
        case .empty:
            refuse(setting, nil, "has no value", source)
        }
    }

    private mutating func apply(_ setting: Setting, _ text: String, _ source: SettingSource) {
        if let reason = setting.flagOnly, !source.isFlag {
            return refuse(setting, nil, "is for the command line alone: \(reason)", source)
        }
        do {
            try configuration.set(setting, to: text, from: source)
        } catch {
            refuse(setting, error.isSecret ? nil : text, error.complaint, source)
        }
    }

    private mutating func refuse(
        _ setting: Setting,
        _ value: String?,
        _ complaint: String,
        _ source: SettingSource
    ) {
        broken.insert(setting.key)
        problems.append(
            .invalid(
                key: setting.key,
                value: value,
                complaint: complaint,
                expected: setting.expected,
                at: source
            )
        )
    }
}
