import CEmbedded
import NIOCore
import NIOHTTP1

/// A file of the web page. The files are part of the program: each is served at its own path, and
/// `index.html` at `/`. One of them is the client for other programs, `chatnode.js`.
struct PageFile {
    let name: String
    /// The file's bytes; copies of the buffer share them.
    let content: ByteBuffer
    let contentType: String
    /// Names the content and the headers: a new policy is a new version, too.
    let tag: EntityTag
    /// What is sent with the content, and with word that the client has it (RFC 9110, section
    /// 15.4.5).
    let headers: [(name: String, value: String)]

    /// Makes the file that is embedded under an index.
    private init(at index: Int) {
        let file = embedded_page_file(index)
        let bytes = UnsafeRawBufferPointer(start: file.content.bytes, count: file.content.length)
        name = String(cString: file.name)
        content = ByteBuffer(bytes: bytes)
        contentType = Self.contentType(of: name)
        // A client asks each time whether its copy is still the newest: a node that was replaced by
        // a newer one serves another page.
        let common = [(name: "Cache-Control", value: "no-cache")]
        let all = common + (name == Self.document ? Self.documentHeaders : [])
        let described = all.map { "\($0.name): \($0.value)\r\n" }.joined()
        tag = EntityTag(of: Array(described.utf8) + Array(bytes))
        headers = all + [(name: "ETag", value: tag.description)]
    }

    /// Returns the answer to `GET` and `HEAD` for the file: the file, or 304 if the request's
    /// `If-None-Match` fields say that the client has this version.
    func response(ifNoneMatch fields: [String]) -> HTTPResponse {
        tag.isListed(in: fields)
            ? HTTPResponse(.notModified, ByteBuffer(), contentType: contentType, headers: headers)
            : HTTPResponse(.ok, content, contentType: contentType, headers: headers)
    }
}

extension PageFile {
    private static let document = "index.html"

    /// All files, by path. Made when the first of them is asked for.
    static let all: [String: PageFile] = {
        let files = (0..<embedded_page_count()).map(PageFile.init(at:))
        return Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0) })
    }()

    private var path: String { name == Self.document ? "/" : "/" + name }

    /// Returns the file at a request's path, or nil if there is none.
    static func at(_ path: Substring) -> PageFile? { all[String(path)] }

    private static func contentType(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        // Types for compilers and editors, which no browser loads.
        case "ts": "text/plain; charset=utf-8"
        default: preconditionFailure("no content type is known for the page's file \(name)")
        }
    }

    private static let documentHeaders = [
        (name: "Content-Security-Policy", value: policy), ("Referrer-Policy", "no-referrer"),
    ]

    /// What the page may do: load its own files, and connect to the node that serves it. It runs
    /// no script and applies no style that stands in the document, and makes none from text.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
        // The icon stands in the document itself.
        "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        "require-trusted-types-for 'script'", "trusted-types 'none'",
    ]
    .joined(separator: "; ")
}
