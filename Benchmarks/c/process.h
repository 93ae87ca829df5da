// What a process has used, from /proc.
#pragma once

#include <stdint.h>
#include <sys/types.h>

// Nanoseconds of all its threads: on a processor, and ready but waiting for one, which says how
// quiet the machine was. From schedstat, as the times of `stat` count in hundredths of a second.
struct cpu {
    uint64_t used, waited;
};

struct cpu process_cpu(pid_t pid);

// KiB. `private_` is what would be free if the process ended: shared libraries do not count.
struct memory {
    long rss, pss, private_;
};

struct memory process_memory(pid_t pid);
