// What a process has used, from /proc.
#pragma once

#include <stdint.h>
#include <sys/types.h>

// The nanoseconds of all its threads on a processor, and those in which they were ready but waited
// for one, which shows how quiet the machine was. They are from schedstat, because the times of
// `stat` count in hundredths of a second.
struct cpu {
    uint64_t used, waited;
};

struct cpu process_cpu(pid_t pid);

// The memory in KiB. `private_` is what the process has written (anonymous pages). Its program,
// which the kernel can read again, does not count: whether that is private depends on which other
// processes run it at the moment.
struct memory {
    long rss, pss, private_;
};

struct memory process_memory(pid_t pid);
