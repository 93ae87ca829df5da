import Testing

@testable import ChatNode

@Suite struct ReferenceTests {
    /// Those that a file may give.
    private let settings = Setting.all.filter { $0.flagOnly == nil }

    @Test func `the reference file loads and says the defaults`() throws {
        let loaded = try loadConfiguration(file: Configuration.reference())
        for setting in settings {
            #expect(setting.show(loaded) == setting.defaultText)
            guard case .file = loaded.source(of: setting.key) else {
                Issue.record("\(setting.key) is not in the reference")
                continue
            }
        }
    }

    @Test func `the reference explains every setting in lines of a readable length`() {
        let reference = Configuration.reference()
        for setting in settings {
            #expect(reference.contains("<\(setting.placeholder)>\n\(setting.key): "))
        }
        #expect(reference.split(separator: "\n").allSatisfy { $0.count <= 100 })
        #expect(reference.hasSuffix("\n"))
    }
}
