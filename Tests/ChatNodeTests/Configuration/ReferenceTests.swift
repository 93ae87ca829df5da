import Testing

@testable import ChatNode

@Suite struct ReferenceTests {
    /// Those that a file may give.
    private let settings = Setting.all.filter { $0.flagOnly == nil }

    /// The reference file with every setting uncommented.
    private var uncommented: String {
        Configuration.reference().replacing(/(?m)^#(?=[a-z])/, with: "")
    }

    @Test func `the reference file as it is leaves every default alone`() throws {
        #expect(try loadConfiguration(file: Configuration.reference()) == Configuration())
    }

    @Test func `the reference file with every setting uncommented says the defaults`() throws {
        let loaded = try loadConfiguration(file: uncommented)
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
            #expect(reference.contains("<\(setting.placeholder)>\n#\(setting.key): "))
        }
        #expect(reference.split(separator: "\n").allSatisfy { $0.count <= 100 })
        #expect(reference.split(separator: "\n").allSatisfy { $0.hasPrefix("#") })
        #expect(reference.hasSuffix("\n"))
    }

    @Test func `the reference has the title of every section`() {
        let lines = Configuration.reference().split(separator: "\n")
        for section in ConfigurationSection.all { #expect(lines.contains("# \(section.title)")) }
    }
}
