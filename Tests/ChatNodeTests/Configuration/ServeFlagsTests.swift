import ArgumentParser
import Testing

@testable import ChatNode

@Suite struct ServeFlagsTests {
    @Test func `there is one flag for each setting, and one for the file`() throws {
        let flags = ServeFlags.all(in: try ServeFlags.parse([])).map(\.key)
        #expect(flags == [Setting.fileKey] + Setting.all.map(\.key))
    }

    @Test(arguments: [Setting.fileKey] + Setting.all.map(\.key))
    func `a flag is given under the key of its setting`(key: String) throws {
        if Setting.named(key)?.flagOnly == nil {
            #expect(try ServeFlags.parse(["--\(key)", "value"]).values == [key: "value"])
        } else {
            #expect(try ServeFlags.parse(["--\(key)"]).values == [key: "true"])
        }
    }

    @Test func `flags that are not given have no value`() throws {
        #expect(try ServeFlags.parse([]).values.isEmpty)
    }

    @Test func `the help shows the unit, the default and the variable`() {
        let help = ServeFlags.helpMessage(columns: 500)
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for setting in Setting.all where setting.flagOnly == nil {
            let words = """
                --\(setting.key) <\(setting.placeholder)> \(setting.meaning) \
                (default: \(setting.defaultText); \(setting.variable))
                """
            #expect(help.contains(words))
        }
        for setting in Setting.all where setting.flagOnly != nil {
            #expect(help.contains("--\(setting.key) \(setting.meaning) "))
        }
    }

    @Test func `an unknown flag ends with 64`() {
        #expect {
            try ServeFlags.parse(["--colour", "red"])
        } throws: {
            ServeFlags.exitCode(for: $0).rawValue == 64
        }
    }
}
