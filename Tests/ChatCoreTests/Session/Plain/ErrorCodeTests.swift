import Testing

@testable import ChatCore

@Suite struct ErrorCodeTests {
    @Test func `the codes are those that clients know`() {
        let known = [
            "unknown_type", "bad_json", "bad_message", "bad_name", "too_long", "not_in_room",
            "not_found", "forbidden", "resend",
            "not_logged_in", "wrong_username", "rate_limited", "unavailable",
        ]
        #expect(ErrorCode.allCases.map(\.rawValue) == known)
    }

    @Test func `the reasons of a login failure are those that clients know`() {
        let known = ["taken", "invalid", "forbidden", "unavailable"]
        #expect(LoginFailureReason.allCases.map(\.rawValue) == known)
    }
}
