/// What is wrong with a value, as the end of a sentence that starts with the value.
package struct InvalidValue: Error, Equatable {
    package let complaint: String
    /// Whether the value may contain a password, and so must not be shown.
    package let isSecret: Bool

    package init(_ complaint: String, isSecret: Bool = false) {
        self.complaint = complaint
        self.isSecret = isSecret
    }
}
