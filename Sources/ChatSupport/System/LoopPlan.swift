import ChatCore
import Glibc

/// How many loops a node or a load generator makes.
package struct LoopPlan: Equatable {
    package let loops: Int
    /// Whether there is room for fewer loops than cores.
    package let isLowered: Bool

    /// What each loop needs, and what everything else does.
    package struct Need {
        package let descriptorsEach: Int
        package let descriptorsBesides: Int
        package let threadsBesides = Limits.spareThreads

        package init(descriptorsEach: Int, descriptorsBesides: Int) {
            self.descriptorsEach = descriptorsEach
            self.descriptorsBesides = descriptorsBesides
        }

        package func descriptors(_ loops: Int) -> Int {
            loops * descriptorsEach + descriptorsBesides
        }
        package func threads(_ loops: Int) -> Int { loops + threadsBesides }
    }

    /// Plans the number asked for; nil means one for each core, or as many as there is room for.
    ///
    /// Fails: if there is no room for the number asked for, or for even one loop.
    package init(
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

extension LoopPlan {
    /// What a person is told about a plan that is lowered.
    package static let lowered =
        "there is not room for a loop on each core: more descriptors or threads are needed"
}

/// Why there is no room for loops, in words that say what to do.
package struct TooFew: Error, Equatable {
    package enum Resource {
        case descriptors, threads
    }

    package let what: Resource
    /// The number of loops that there is no room for.
    package let loops: Int
    package let needed: Int
    package let free: Int
    /// The number of loops that there is room for.
    package let mostLoops: Int

    /// The exit status, as in sysexits.h: a setting is to blame, or else the system.
    package var exitCode: CInt { mostLoops > 0 ? EX_CONFIG : EX_OSERR }

    /// How a person raises the limit.
    package static let moreDescriptors = "ulimit -n 4096      or LimitNOFILE= of its service"
    private static let moreThreads =
        "more threads (ulimit -u, TasksMax= of its service, or its container's limit of processes)"
        + ", or more memory"
}

extension TooFew: CustomStringConvertible {
    package var description: String {
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
