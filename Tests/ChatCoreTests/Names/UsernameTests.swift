import ChatCore
import Testing

/// An accepted name, with its expected display form and key.
struct AcceptedName: CustomTestStringConvertible {
    let why: String
    let text: String
    let display: String
    let key: String

    init(_ why: String, _ text: String, display: String? = nil, key: String? = nil) {
        self.why = why
        self.text = text
        self.display = display ?? text
        self.key = key ?? self.display
    }

    var testDescription: String { why }
}

/// A text that is not a valid name, with the expected error.
struct RefusedName: CustomTestStringConvertible {
    let why: String
    let text: String
    let error: UsernameError

    init(_ why: String, _ text: String, _ error: UsernameError) {
        self.why = why
        self.text = text
        self.error = error
    }

    var testDescription: String { why }
}

private let accepted = [
    AcceptedName("ASCII", "ada"),
    AcceptedName("one letter", "a"),
    AcceptedName("capitals", "Ada", key: "ada"),
    AcceptedName("all punctuation there is", "O'Brien_j.-r-", key: "o'brien_j.-r-"),
    AcceptedName("digits alone", "4567"),
    AcceptedName("a digit first", "2pac"),
    AcceptedName(
        "32 letters",
        String(repeating: "aB", count: 16),
        key: String(repeating: "ab", count: 16)
    ),
    AcceptedName("full width", "Ａｄａ＿１", display: "Ada_1", key: "ada_1"),
    AcceptedName("half width", "ｶﾞﾗｽ", display: "ガラス"),
    AcceptedName("composed", "Ren\u{E9}E", key: "ren\u{E9}e"),
    AcceptedName("decomposed", "Rene\u{301}", display: "Ren\u{E9}", key: "ren\u{E9}"),
    AcceptedName("marks out of order", "a\u{301}\u{323}", display: "\u{1EA1}\u{301}"),
    AcceptedName("a mark without composed form", "Q\u{301}", key: "q\u{301}"),
    AcceptedName(
        "32 letters that came decomposed",
        String(repeating: "e\u{301}", count: 32),
        display: String(repeating: "\u{E9}", count: 32)
    ),
    AcceptedName(
        "32 letters that came as four characters each",
        String(repeating: "\u{3B1}\u{313}\u{300}\u{345}", count: 32),
        display: String(repeating: "\u{1F82}", count: 32)
    ),
    AcceptedName("32 characters of four bytes", String(repeating: "𠀀", count: 32)),
    AcceptedName("sharp s is not ss", "Straße", key: "straße"),
    AcceptedName("capital sharp s", "STRAẞE", key: "straße"),
    AcceptedName("ss", "STRASSE", key: "strasse"),
    AcceptedName("dotless i", "Irmak\u{131}", key: "irmak\u{131}"),
    AcceptedName("capital i with a dot", "\u{130}pek", key: "i\u{307}pek"),
    AcceptedName(
        "the Kelvin sign is canonically a K",
        "\u{212A}elvin",
        display: "Kelvin",
        key: "kelvin"
    ),
    AcceptedName("the Ångström sign likewise", "\u{212B}sa", display: "\u{C5}sa", key: "\u{E5}sa"),
    AcceptedName("final sigma", "Νίκος", key: "νίκοσ"),
    AcceptedName("capital sigma", "ΝΊΚΟΣ", key: "νίκοσ"),
    AcceptedName("Greek with ASCII digits", "Άδα7", key: "άδα7"),
    AcceptedName("Cyrillic", "Ёжик", key: "ёжик"),
    AcceptedName("Armenian", "Արամ", key: "արամ"),
    AcceptedName("Georgian capitals", "\u{1C90}\u{1C91}", key: "\u{10D0}\u{10D1}"),
    AcceptedName("Cherokee", "\u{13A0}\u{13A1}", key: "\u{AB70}\u{AB71}"),
    AcceptedName("Deseret, outside of the first plane", "\u{10400}", key: "\u{10428}"),
    AcceptedName("Arabic", "محمد"),
    AcceptedName("Arabic with a vowel mark last", "محمد\u{64F}"),
    AcceptedName("Arabic with its digits", "علي\u{661}\u{662}"),
    AcceptedName("Persian with its digits", "علی\u{6F1}\u{6F2}"),
    AcceptedName("Arabic with ASCII digits", "علي12"),
    AcceptedName("Hebrew, punctuation inside", "בן-דוד_ו.ג"),
    AcceptedName("Hebrew, a digit last", "דוד7"),
    AcceptedName("Devanagari", "अनीता"),
    AcceptedName("Devanagari with its digits", "अनी\u{967}"),
    AcceptedName("Devanagari qa, which decomposes", "\u{958}", display: "\u{915}\u{93C}"),
    AcceptedName("Thai", "สมชาย"),
    AcceptedName("Tibetan with its syllable mark", "\u{F56}\u{F40}\u{F0B}\u{F64}"),
    AcceptedName("all Japanese scripts with Latin", "Xアあ亜ー々", key: "xアあ亜ー々"),
    AcceptedName("ideographic zero", "\u{3007}"),
    AcceptedName("Chinese with Bopomofo and Latin", "A中ㄅ", key: "a中ㄅ"),
    AcceptedName("Korean with Han and Latin", "김金Kim", key: "김金kim"),
    AcceptedName(
        "32 syllables that came as nine bytes each",
        String(repeating: "\u{1112}\u{1161}\u{11AB}", count: 32),
        display: String(repeating: "한", count: 32)
    ),
    AcceptedName("decomposed Korean", "\u{1112}\u{1161}\u{11AB}", display: "한"),
    AcceptedName(
        "a compatibility ideograph that is canonically another",
        "\u{F900}",
        display: "\u{8C48}"
    ),
]

private let refused = [
    RefusedName("nothing", "", .empty),
    RefusedName("33 letters", String(repeating: "a", count: 33), .tooLong),
    RefusedName("33 letters of two bytes", String(repeating: "é", count: 33), .tooLong),
    RefusedName("33 characters of four bytes", String(repeating: "𠀀", count: 33), .tooLong),
    RefusedName("10 KB of ASCII", String(repeating: "a", count: 10_240), .tooLong),
    RefusedName("10 KB of marks", "a" + String(repeating: "\u{301}", count: 5_120), .tooLong),
    RefusedName(
        "more than 32 letters in lower case",
        String(repeating: "\u{130}", count: 17),
        .tooLong
    ),
    RefusedName("a space", "ada l", .forbiddenCharacter(" ")),
    RefusedName("a space alone", " ", .forbiddenCharacter(" ")),
    RefusedName("a wide space", "a\u{3000}b", .forbiddenCharacter("\u{3000}")),
    RefusedName("a no-break space", "a\u{A0}b", .forbiddenCharacter("\u{A0}")),
    RefusedName("NUL", "ada\0", .forbiddenCharacter("\0")),
    RefusedName("a line feed", "ada\n", .forbiddenCharacter("\n")),
    RefusedName("carriage return and line feed, one grapheme", "a\r\n", .forbiddenCharacter("\r")),
    RefusedName("escape", "\u{1B}[1m", .forbiddenCharacter("\u{1B}")),
    RefusedName("delete", "a\u{7F}", .forbiddenCharacter("\u{7F}")),
    RefusedName("a C1 control", "a\u{85}", .forbiddenCharacter("\u{85}")),
    RefusedName("a line separator", "a\u{2028}", .forbiddenCharacter("\u{2028}")),
    RefusedName("other ASCII punctuation", "a@b", .forbiddenCharacter("@")),
    RefusedName("markup", "<b>", .forbiddenCharacter("<")),
    RefusedName("a quote", "a\"b", .forbiddenCharacter("\"")),
    RefusedName("wide punctuation", "a\u{FF20}", .forbiddenCharacter("\u{FF20}")),
    RefusedName("a lone hyphen", "-", .forbiddenStart("-")),
    RefusedName("a low line first", "_ada", .forbiddenStart("_")),
    RefusedName("a full stop first", ".ada", .forbiddenStart(".")),
    RefusedName("an apostrophe first", "'ada", .forbiddenStart("'")),
    RefusedName("a wide hyphen first", "\u{FF0D}a", .forbiddenStart("-")),
    RefusedName("a mark first", "\u{301}a", .forbiddenStart("\u{301}")),
    RefusedName("a spacing mark first", "\u{93E}", .forbiddenStart("\u{93E}")),
    RefusedName("a Tibetan syllable mark first", "\u{F0B}", .forbiddenStart("\u{F0B}")),
    RefusedName("a zero-width space", "a\u{200B}b", .forbiddenCharacter("\u{200B}")),
    RefusedName("a zero-width non-joiner", "a\u{200C}b", .forbiddenCharacter("\u{200C}")),
    RefusedName("a zero-width joiner", "a\u{200D}b", .forbiddenCharacter("\u{200D}")),
    RefusedName("a byte order mark", "\u{FEFF}ada", .forbiddenCharacter("\u{FEFF}")),
    RefusedName("a soft hyphen", "a\u{AD}b", .forbiddenCharacter("\u{AD}")),
    RefusedName("a grapheme joiner", "a\u{34F}", .forbiddenCharacter("\u{34F}")),
    RefusedName("a variation selector", "a\u{FE0F}", .forbiddenCharacter("\u{FE0F}")),
    RefusedName("a tag character", "a\u{E0061}", .forbiddenCharacter("\u{E0061}")),
    RefusedName("a Hangul filler", "\u{3164}", .forbiddenCharacter("\u{3164}")),
    RefusedName("a right-to-left override", "a\u{202E}b", .forbiddenCharacter("\u{202E}")),
    RefusedName("a right-to-left isolate", "a\u{2067}b", .forbiddenCharacter("\u{2067}")),
    RefusedName("a left-to-right mark", "a\u{200E}", .forbiddenCharacter("\u{200E}")),
    RefusedName("an Arabic letter mark", "ا\u{61C}", .forbiddenCharacter("\u{61C}")),
    RefusedName("an emoji", "ada😀", .forbiddenCharacter("😀")),
    RefusedName("a flag", "🇩🇪", .forbiddenCharacter("\u{1F1E9}")),
    RefusedName("private use", "a\u{E000}", .forbiddenCharacter("\u{E000}")),
    RefusedName("the last scalar, a noncharacter", "\u{10FFFF}", .forbiddenCharacter("\u{10FFFF}")),
    RefusedName("the replacement character", "a\u{FFFD}", .forbiddenCharacter("\u{FFFD}")),
    RefusedName("unassigned", "a\u{378}", .forbiddenCharacter("\u{378}")),
    RefusedName(
        "assigned later than the tables (Unicode 15)",
        "\u{31350}",
        .forbiddenCharacter("\u{31350}")
    ),
    RefusedName("the long s", "\u{17F}am", .forbiddenCharacter("\u{17F}")),
    RefusedName("a ligature", "\u{FB01}", .forbiddenCharacter("\u{FB01}")),
    RefusedName("a superscript", "x²", .forbiddenCharacter("²")),
    RefusedName("a letter for mathematics", "𝐀", .forbiddenCharacter("𝐀")),
    RefusedName("a circled letter", "ⓐ", .forbiddenCharacter("ⓐ")),
    RefusedName("a Roman numeral", "Ⅳ", .forbiddenCharacter("Ⅳ")),
    RefusedName("a title-case letter", "ǅ", .forbiddenCharacter("ǅ")),
    RefusedName("a lone Korean jamo", "\u{1112}", .forbiddenCharacter("\u{1112}")),
    RefusedName("an Arabic presentation form", "\u{FE8D}", .forbiddenCharacter("\u{FE8D}")),
    RefusedName("a tatweel", "م\u{640}م", .forbiddenCharacter("\u{640}")),
    RefusedName("a middle dot", "l\u{B7}l", .forbiddenCharacter("\u{B7}")),
    RefusedName("a Katakana middle dot", "ア\u{30FB}", .forbiddenCharacter("\u{30FB}")),
    RefusedName("the same in half width", "ア\u{FF65}", .forbiddenCharacter("\u{FF65}")),
    RefusedName("a typographic apostrophe", "O\u{2019}B", .forbiddenCharacter("\u{2019}")),
    RefusedName("an enclosing mark", "a\u{20DD}", .forbiddenCharacter("\u{20DD}")),
    RefusedName("Latin with a Cyrillic a", "\u{430}da", .mixedScripts),
    RefusedName("Cyrillic with a Latin a", "\u{434}\u{430}a", .mixedScripts),
    RefusedName("Latin with a Greek omicron", "b\u{3BF}b", .mixedScripts),
    RefusedName("the Ohm sign is Greek", "a\u{2126}", .mixedScripts),
    RefusedName("Japanese with Korean", "あ김", .mixedScripts),
    RefusedName("Bopomofo with Katakana", "ㄅア", .mixedScripts),
    RefusedName("Han with Cyrillic", "中д", .mixedScripts),
    RefusedName("a Katakana length mark in Cyrillic", "дー", .mixedScripts),
    RefusedName("Latin with Hebrew", "aב", .mixedScripts),
    RefusedName("Latin with Arabic digits", "a\u{661}", .mixedScripts),
    RefusedName("Latin with Devanagari digits", "a\u{967}", .mixedScripts),
    RefusedName("two kinds of Arabic digits", "ع\u{661}\u{6F1}", .mixedDigits),
    RefusedName("Arabic and ASCII digits", "ع\u{661}1", .mixedDigits),
    RefusedName("Devanagari and ASCII digits", "अ1\u{967}", .mixedDigits),
    RefusedName("two Lao-like systems of one script", "\u{1A20}\u{1A80}\u{1A90}", .mixedDigits),
    RefusedName(
        "Hebrew with a left-to-right letter of no script",
        "א\u{2BC}ב",
        .ambiguousDirection
    ),
    RefusedName("Hebrew with a digit first", "7דוד", .ambiguousDirection),
    RefusedName("Arabic digits alone", "\u{661}", .ambiguousDirection),
    RefusedName("Hebrew with a hyphen last", "דוד-", .ambiguousDirection),
    RefusedName("Hebrew with a marked full stop last", "דוד.\u{5B0}", .ambiguousDirection),
]

@Suite struct UsernameTests {
    @Test(arguments: accepted)
    func `a name is shown as claimed and compared folded`(_ name: AcceptedName) throws {
        let username = try Username(name.text)
        // Compared by scalars, because `==` of strings treats canonically equivalent ones as equal.
        #expect(Array(username.display.unicodeScalars) == Array(name.display.unicodeScalars))
        #expect(Array(username.key.unicodeScalars) == Array(name.key.unicodeScalars))
        #expect(isStable(username))
    }

    @Test(arguments: refused)
    func `a text that is no name is refused with the reason`(_ name: RefusedName) {
        #expect(throws: name.error) { try Username(name.text) }
    }

    @Test func `spellings that differ by case, width or composition are one name`() throws {
        let spellings = ["Ren\u{E9}", "REN\u{C9}", "rene\u{301}", "ＲＥＮＥ\u{301}"]
        #expect(try Set(spellings.map { try Username($0) }).count == 1)
        #expect(try Username("ada") == Username("ADA"))
        #expect(try Username("ada") != Username("adb"))
        #expect(try Username("straße") != Username("strasse"))
        #expect(try Username("ırmak") != Username("irmak"))
        #expect(try Username("ΝΙΚΟΣ") == Username("Νικος"))
    }

    @Test func `only the very bytes of the display form spell a name at once`() throws {
        for text in ["Ada", "René", String(repeating: "𠀀", count: 32)] {
            let name = try Username(text)
            #expect(spells(name, Array(text.utf8)))
            #expect(!spells(name, Array(text.utf8) + [0x61]))
            #expect(!spells(name, Array(text.utf8.dropLast())))
            #expect(!spells(name, []))
            for index in text.utf8.indices {
                var bytes = Array(text.utf8)
                bytes[text.utf8.distance(from: text.startIndex, to: index)] ^= 0x20
                #expect(!spells(name, bytes))
            }
        }
        #expect(try !spells(Username("Ren\u{E9}"), Array("Rene\u{301}".utf8)))
    }

    @Test func `a reason's sentence never holds a character of the name`() {
        for name in refused {
            #expect(name.error.message.unicodeScalars.allSatisfy { $0.isASCII && $0 >= " " })
        }
        #expect(UsernameError.forbiddenCharacter("\u{202E}").message.contains("U+202E"))
        #expect(UsernameError.forbiddenStart("_").message.contains("U+005F"))
        #expect(UsernameError.forbiddenCharacter("😀").message.contains("U+1F600"))
    }

    private func spells(_ name: Username, _ bytes: [UInt8]) -> Bool {
        name.isSpelled(by: bytes.span.bytes)
    }
}
