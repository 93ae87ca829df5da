import ChatCore
import TestSupport

/// A claim in a call of its own.
struct SingleClaim: Hashable {
    let epoch: Epoch
    let username: Username
    let incarnation: Incarnation
    let login: LoginID
    let producer: ProducerID
    var proof: LoginID?
    var known: Claim.Known?
    var rooms: [RoomName] = []

    var claim: Claim {
        Claim(
            username: username,
            login: login,
            producer: producer,
            proof: proof,
            known: known,
            rooms: rooms
        )
    }

    var call: ClaimCall {
        ClaimCall(epoch: epoch, incarnation: incarnation, number: 0, claims: [claim])
    }
}

/// The answer to a call of one claim: its verdict, or what holds for the whole call.
enum SingleAnswer: Hashable {
    case granted(Grant)
    case taken, successorStands, grace, lost, replaced, refused, later, unregistered, otherEpoch

    init(_ verdict: ClaimVerdict) {
        self =
            switch verdict {
            case .granted(let grant): .granted(grant)
            case .taken: .taken
            case .successorStands: .successorStands
            case .grace: .grace
            case .lost: .lost
            case .replaced: .replaced
            case .refused: .refused
            case .later: .later
            }
    }
}

extension StoreUnderTest {
    /// Makes a call of one claim.
    func claim(_ single: SingleClaim) throws -> SingleAnswer {
        switch try claim(single.call) {
        case .verdicts(let verdicts):
            guard let verdict = verdicts.first, verdicts.count == 1 else {
                throw Unexpected("\(verdicts)")
            }
            return SingleAnswer(verdict)
        case .unregistered: return .unregistered
        case .otherEpoch: return .otherEpoch
        }
    }
}

extension ClaimAnswer {
    /// The verdict on each claim; none if the answer holds for the whole call.
    var verdicts: [ClaimVerdict] {
        if case .verdicts(let verdicts) = self { verdicts } else { [] }
    }
}
