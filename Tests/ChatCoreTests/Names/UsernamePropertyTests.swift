import ChatCore
import Foundation
import TestSupport
import Testing

/// Whether a name has the properties of every accepted name: both its forms are names within the
/// limits, the display form is its own display form, and the key is its own key.
func isStable(_ name: Username) -> Bool {
    guard let shown = try? Username(name.display), let folded = try? Username(name.key) else {
        return false
    }
    return shown.display.utf8.elementsEqual(name.display.utf8)
        && shown.key.utf8.elementsEqual(name.key.utf8)
        && folded.display.utf8.elementsEqual(name.key.utf8)
        && folded.key.utf8.elementsEqual(name.key.utf8)
        && [name.display, name.key].allSatisfy {
            (1...32).contains($0.unicodeScalars.count) && $0.utf8.count <= 128
        }
}

@Suite struct UsernamePropertyTests {
    /// Every scalar of the planes that have characters, and the edges of the others, where all
    /// scalars are unassigned or private.
    private static let scalars: [Unicode.Scalar] = {
        let ranges: [ClosedRange<UInt32>] = [
            0...0x333FF, 0x3FFF0...0x40010, 0xDFFF0...0xE0FFF, 0xEFFF0...0xF0010,
            0xFFFF0...0x100010, 0x10FFF0...0x10FFFF,
        ]
        return ranges.joined().compactMap { Unicode.Scalar($0) }
    }()

    @Test func `every character alone is refused or makes a stable name`() {
        var accepted = 0
        var unstable: [Unicode.Scalar] = []
        for scalar in Self.scalars {
            // Ideographs and Hangul are four fifths of all characters and have no case: a sample is
            // enough.
            let common =
                (0x3400...0x9FFF).contains(scalar.value) || scalar.value >= 0x20000
                || (0xAC00...0xD7A3).contains(scalar.value)
            if common, !scalar.value.isMultiple(of: 97) { continue }
            guard let name = try? Username(String(scalar)) else { continue }
            accepted += 1
            if !isStable(name) { unstable.append(scalar) }
        }
        #expect(unstable.isEmpty)
        // 26,192 with the tables of Unicode 14; none would mean that nothing was tested.
        #expect(accepted > 15_000)
    }

    @Test func `no name holds an invisible, controlling or unassigned character`() {
        var found: [Unicode.Scalar] = []
        // After a letter, where marks would be allowed.
        for scalar in Self.scalars
        where Self.isHarmful(scalar.properties) && (try? Username("a" + String(scalar))) != nil {
            found.append(scalar)
        }
        #expect(found.isEmpty)
    }

    private static func isHarmful(_ properties: Unicode.Scalar.Properties) -> Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator, .spaceSeparator, .enclosingMark, .titlecaseLetter:
            true
        default:
            properties.isDefaultIgnorableCodePoint || properties.isBidiControl
                || properties.isEmojiPresentation || properties.isNoncharacterCodePoint
        }
    }

    @Test func `a letter and its capital are one name`() {
        var pairs = 0
        var different: [Unicode.Scalar] = []
        for scalar in Self.scalars where scalar.properties.changesWhenUppercased {
            let upper = scalar.properties.uppercaseMapping
            // The capital of the dotless i has another lower case.
            guard upper.lowercased() == String(scalar), let capital = upper.unicodeScalars.first,
                let age = capital.properties.age, age.major <= 14,
                let name = try? Username(String(scalar))
            else { continue }
            pairs += 1
            if (try? Username(upper)) != name { different.append(scalar) }
        }
        #expect(different.isEmpty)
        #expect(pairs > 1_000)
    }

    @Test func `random texts are refused or make stable names`() {
        var random = Seed.generator
        var accepted = 0
        for _ in 0..<5_000 {
            let text = Self.randomText(using: &random)
            guard let name = try? Username(text) else { continue }
            accepted += 1
            #expect(isStable(name), "seed \(Seed.value)")
        }
        // About a quarter of them are accepted; none would mean that nothing was tested.
        #expect(accepted > 500, "seed \(Seed.value)")
    }

    @Test func `canonically equivalent texts fare alike`() {
        var random = Seed.generator
        for _ in 0..<4_000 {
            let text = Self.randomText(using: &random)
            let decomposed = text.decomposedStringWithCanonicalMapping
            #expect(
                (try? Username(text)) == (try? Username(decomposed)),
                "seed \(Seed.value)"
            )
        }
    }

    @Test func `ten thousand names of 10 KB are refused in no time`() {
        let text = String(repeating: "é", count: 5_120)
        let began = Self.processorTime()
        for _ in 0..<10_000 { #expect(throws: UsernameError.tooLong) { try Username(text) } }
        // A debug build took 0.3 s; one that folds the names first, 4 s per thousand.
        #expect(Self.processorTime() - began < .seconds(3))
    }

    /// Returns the processor time of this thread, which does not depend on the machine's load.
    private static func processorTime() -> Duration {
        var time = timespec()
        #expect(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// Makes a text mostly of letters and marks of one block, so that many are names; sometimes of
    /// any characters.
    private static func randomText(using random: inout some RandomNumberGenerator) -> String {
        let blocks: [ClosedRange<UInt32>] = [
            0x41...0x7A, 0xC0...0x24F, 0x1E00...0x1EFF, 0x370...0x3FF, 0x1F00...0x1FFF,
            0x400...0x52F, 0x531...0x586, 0x5D0...0x5EA, 0x620...0x6D3, 0x904...0x97F,
            0xE01...0xE4E, 0x10A0...0x10FF, 0x1100...0x11FF, 0x13A0...0x13FF, 0x3041...0x30FF,
            0x4E00...0x4FFF, 0xAC00...0xADFF, 0xF900...0xFAFF, 0xFF01...0xFFEE, 0x10400...0x1044F,
            0x1E900...0x1E959, 0x20...0x7E,
        ]
        let marks: [ClosedRange<UInt32>] = [
            0x300...0x345, 0x591...0x5BD, 0x64B...0x655, 0x3099...0x309A,
        ]
        let block = blocks[Int.random(in: 0..<blocks.count, using: &random)]
        let mark = marks[Int.random(in: 0..<marks.count, using: &random)]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 1...Int.random(in: 1...40, using: &random), using: &random) {
            let range: ClosedRange<UInt32>
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<75: range = block
            case 75..<90: range = mark
            case 90..<98: range = 0x2D...0x39
            default: range = 0...0x10FFFF
            }
            let value = UInt32.random(in: range, using: &random)
            text.append(Unicode.Scalar(value) ?? "\u{FFFD}")
        }
        return String(text)
    }
}
