import ArgumentParser
import ChatSupport

/// `chatnode config check`: finds what would keep a node from starting, without starting it.
struct ConfigCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Find mistakes in the settings without starting a node.",
        discussion: """
            EXAMPLES
              chatnode config check --config /etc/chatnode.yaml
              chatnode config check --config /etc/chatnode.yaml --redis redis://a:6379

            It takes the flags of `chatnode serve`, and reads the same environment and
            files, also that with Redis's password. It prints every mistake with what
            corrects it: unknown settings, wrong values, values that do not fit together,
            files that cannot be read, too few descriptors or threads, a place for the
            operators' socket that this user cannot use. It does not use the network:
            whether the port is free and Redis answers is not checked.

            EXIT CODES, those that `chatnode serve` would end with
              0    fine; there may be warnings
              64   wrong arguments, or a wrong value in a flag
              71   too few descriptors or threads
              73   the operators' socket cannot be made
              77   others can change the folder of the operators' socket
              78   a wrong value in the environment or the file, or an unreadable file
            """
    )

    @OptionGroup var flags: ServeFlags

    func run() throws {
        let configuration = try flags.configuration(processEnvironment())
        let check = StartCheck(configuration)
        for warning in check.warnings { Terminal.complain("warning: \(warning)") }
        for trouble in check.troubles { Terminal.complain(trouble.description) }
        if let trouble = check.troubles.first { throw ExitCode(trouble.exitCode) }
        try Terminal.write("the settings are fine: \(Self.origins(of: configuration))\n")
    }

    /// Says how many settings come from each kind of source that gives any.
    static func origins(of configuration: Configuration) -> String {
        let kinds = Setting.all.map { configuration.source(of: $0.key).kind }
        return [
            ("file", "from the file"), ("environment", "from the environment"),
            ("flag", "from flags"), ("default", "defaults"),
        ]
        .map { kind, words in (count: kinds.count { $0 == kind }, words: words) }
        .filter { $0.count > 0 }
        .map { "\($0.count) \($0.words)" }
        .joined(separator: ", ")
    }
}

/// Finds what would keep a node from starting on this machine as this user, although its settings are
/// fine in themselves.
///
/// It does not use the network and changes nothing. What another process holds at the moment, such
/// as a port, is not looked at: a new configuration is checked while the old node still runs.
struct StartCheck {
    /// Faults that a start would only log.
    private(set) var warnings: [String] = []
    private(set) var troubles: [StartTrouble] = []

    init(_ configuration: Configuration) {
        do throws(TooFew) {
            // A name may stand for more addresses, which only the resolver knows.
            let plan = try configuration.loopPlan(addresses: 1)
            if plan.isLowered { warnings.append(LoopPlan.lowered) }
        } catch {
            troubles.append(StartTrouble(error, configuration))
        }
        let listener = configuration.listener
        let place = configuration.admin.place(host: listener.host, port: listener.port)
        guard case .unix(let path, let folder) = place else { return }
        do throws(AdminTrouble) {
            try AdminSocket.check(path, in: folder)
        } catch {
            troubles.append(StartTrouble(error, configuration))
        }
    }
}
