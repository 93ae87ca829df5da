import ChatCore
import Glibc

/// Writes each client's way back, for programs: one line for each, with the client's number, when it offered
/// to come back, how long it took, both in microseconds, and how often it had connected in vain.
enum ResumeTimes {
    /// Writes a file with a line of headings.
    ///
    /// Fails: returns the reason.
    static func write(_ resumes: [Storm.Resume], to path: String) -> String? {
        guard let file = fopen(path, "we") else { return String(cString: strerror(errno)) }
        var text = "client\toffered_us\ttook_us\ttries\n"
        for resume in resumes.sorted(by: { $0.offered < $1.offered }) {
            let offered = resume.offered.inNanoseconds / 1000
            let took = resume.took.inNanoseconds / 1000
            text += "\(resume.client)\t\(offered)\t\(took)\t\(resume.tries)\n"
        }
        let isWritten = fputs(text, file) >= 0
        return fclose(file) == 0 && isWritten ? nil : String(cString: strerror(errno))
    }
}
