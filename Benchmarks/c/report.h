// What was used in the measured window, and the line of JSON about it.
#pragma once

#include "load.h"
#include "process.h"

struct reading {
    uint64_t at;
    struct cpu own;
    struct cpu cpu[MOST_PROCESSES];
    struct memory memory[MOST_PROCESSES];
};

// Reads processor times only: to read memory, the kernel goes through a process's pages, which
// takes milliseconds.
void read_times(const struct options *options, struct reading *reading);
void read_memory(const struct options *options, struct reading *reading);

struct report {
    const char *mode, *unit;  // what is counted: "deliveries", "clients", "messages"
    uint64_t count;
    uint64_t lost;
    uint64_t coming_ns;  // of churn: the time until all newcomers were logged in
    struct reading before, after;
};

// Prints the report, and returns its exit code. `load` is NULL for modes without clients.
int report_print(const struct options *options, const struct load *load,
                 const struct report *report);
