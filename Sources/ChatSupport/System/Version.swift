/// The program's version, for `--version`, the banner, reports and the metric `chatnode_build_info`.
package enum Version {
    package static let current = "0.1.0"
    /// The program's name with its version.
    package static let line = "chatnode \(current)"
}
