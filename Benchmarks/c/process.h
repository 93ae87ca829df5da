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

// KiB. `private_` is what the process has written and is its alone. Its program, which the kernel can
// read again, does not count: whether that is private depends on who else runs it at the moment.
struct memory {
    long rss, pss, private_;
};

struct memory process_memory(pid_t pid);
