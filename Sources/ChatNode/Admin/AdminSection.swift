import ChatCore
import ChatSupport

/// The settings of the address where operators ask a node.
struct AdminSection: SettingsSection {
    var address = AdminAddress.automatic
    /// The folder for this user's sockets, as the environment names it (`XDG_RUNTIME_DIR`); no
    /// setting of ours.
    var runtimeFolder: String?

    static let title = "Operators"

    static let settings: [SectionSetting<AdminSection>] = [
        SectionSetting(
            "admin",
            \.address,
            .admin,
            "address",
            "Where operators ask for /metrics, apart from clients: unix:PATH, http://host:port, or "
                + "none; auto is a unix socket for this user alone."
        )
    ]
}

extension AdminSection {
    /// Returns where operators ask a node whose clients connect to `host` and `port`; nil if nowhere.
    ///
    /// Two nodes of one machine have different addresses for clients, and so different places here,
    /// which another program can work out from these.
    func place(host: String, port: Int) -> AdminPlace? {
        switch address {
        case .none: return nil
        case .unix(let path): return .unix(path: path, folder: nil)
        case .tcp(let host, let port): return .tcp(host, port)
        case .automatic:
            let base = runtimeFolder.flatMap { AdminSocket.isOwn(folder: $0) ? $0 : nil } ?? "/tmp"
            let folder = "\(base)/chatnode-\(AdminSocket.user)"
            // A socket's path is short, and a host's name need not be.
            let paths = ["\(folder)/\(host)-\(port).sock", "\(folder)/\(port).sock"]
            let path = paths.first { $0.utf8.count <= Limits.socketPathBytes } ?? paths[1]
            return .unix(path: path, folder: folder)
        }
    }
}
