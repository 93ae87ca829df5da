import ChatCore
import Glibc
import NIOCore

/// How many loops a node, or a load generator, makes, of those that are wanted.
struct LoopPlan: Equatable {
    let loops: Int
    /// There is room for fewer than there are cores.
    let isLowered: Bool

    /// What loops need, and what everything else does.
    struct Need {
        let descriptorsEach: Int
        let descriptorsBesides: Int
        let threadsBesides = Limits.spareThreads

        func descriptors(_ loops: Int) -> Int { loops * descriptorsEach + descriptorsBesides }
        func threads(_ loops: Int) -> Int { loops + threadsBesides }
    }

    /// Plans for the number asked for; nil: one for each core, or as many as there is room for.
    ///
    /// Fails: where what is asked for has no room, or not even one loop has.
    init(
        asked: Int?,
        cores: Int,
        _ need: Need,
        descriptors: (Int) -> Int = Capacity.descriptors(upTo:),
        threads: (Int) -> Int = Capacity.threads(upTo:)
    ) throws(TooFew) {
        let wanted = asked ?? cores
        let freeDescriptors = descriptors(need.descriptors(wanted))
        let freeThreads = threads(need.threads(wanted))
        let byDescriptors = (freeDescriptors - need.descriptorsBesides) / need.descriptorsEach
        let byThreads = freeThreads - need.threadsBesides
        let most = max(0, min(wanted, byDescriptors, byThreads))
        guard most >= 1, most == wanted || asked == nil else {
            let isForThreads = byThreads < byDescriptors
            throw TooFew(
                what: isForThreads ? .threads : .descriptors,
                loops: asked ?? 1,
                needed: isForThreads ? need.threads(asked ?? 1) : need.descriptors(asked ?? 1),
                free: isForThreads ? freeThreads : freeDescriptors,
                mostLoops: most
            )
        }
        loops = most
        isLowered = most < wanted
    }
}

extension LoopPlan.Need {
    /// Of a node: its listeners, the operators' loop and listener, and its connections to Redis.
    static func ofNode(hasAdmin: Bool, hasRedis: Bool, addresses: Int) -> Self {
        // A connection of each loop's own; one for control, one for the feed.
        let redis = (each: hasRedis ? 1 : 0, besides: hasRedis ? 2 : 0)
        // Two, because a socket in the same place is knocked at.
        let admin = hasAdmin ? Limits.loopDescriptors + 2 : 0
        return LoopPlan.Need(
            descriptorsEach: Limits.loopDescriptors + redis.each,
            descriptorsBesides: addresses + admin + redis.besides + Limits.spareDescriptors
        )
    }
}

/// Why there is no room for loops, in words that say what to do.
struct TooFew: Error, Equatable {
    enum Resource {
        case descriptors, threads
    }

    let what: Resource
    /// That there is no room for.
    let loops: Int
    let needed: Int
    let free: Int
    /// That there is room for.
    let mostLoops: Int

    /// As in sysexits.h: a setting is to blame, or else the system.
    var exitCode: CInt { mostLoops > 0 ? EX_CONFIG : EX_OSERR }

    /// How a person raises the limit.
    static let moreDescriptors = "ulimit -n 4096      or LimitNOFILE= of its service"
    private static let moreThreads =
        "more threads (ulimit -u, TasksMax= of its service, or its container's limit of processes)"
        + ", or more memory"
}

extension TooFew: CustomStringConvertible {
    var description: String {
        """
        error: \(loops) \(loops == 1 ? "loop needs" : "loops need") \(needed) more \(what), and the \
        system has \(free) for this process
          fix: \(fix)
        """
    }

    private var fix: String {
        let fewer = mostLoops > 0 ? "--loops \(mostLoops)      or " : ""
        return switch what {
        case .descriptors: fewer + Self.moreDescriptors
        case .threads: fewer + Self.moreThreads
        }
    }
}
