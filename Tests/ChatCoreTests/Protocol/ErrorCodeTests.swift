import Testing

@testable import ChatCore

@Suite struct ErrorCodeTests {
    @Test func `the codes are those that clients know`() {
        let known = [
            "unknown_type", "bad_json", "bad_message", "bad_name", "not_logged_in",
            "wrong_username", "too_long", "rate_limited", "unavailable", "not_in_room", "resend",
            "forbidden",
        ]
        #expect(ErrorCode.allCases.map(\.rawValue) == known)
    }

    @Test func `the reasons of a login failure are those that clients know`() {
        let known = ["taken", "invalid", "forbidden", "unavailable"]
        #expect(LoginFailureReason.allCases.map(\.rawValue) == known)
    }
}
