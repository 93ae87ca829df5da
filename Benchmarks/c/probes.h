// Sends pings at fixed times, and measures how long their pongs take: by the clock, and in
// processor time of the server, which does not depend on how busy the machine is. A ping carries
// both readings, so the generator need not remember it.
#pragma once

#include <sys/types.h>

#include "histogram.h"

struct load;

enum phase { PHASE_WARM_UP, PHASE_QUIET, PHASE_COMING, PHASE_GOING, PHASES };

struct probes {
    uint64_t period, due;
    uint64_t sent, answered;
    uint64_t since[PHASES];  // when each phase began; a ping belongs to the one in which it was due
    struct histogram times[PHASES];
    clockid_t server;  // the clock of its processor time
    struct histogram work[PHASES];
};

// The payload of a ping.
struct probe {
    uint64_t due, server;
};

// Makes the probes. `server` is the process that answers; 0 if it is not known.
struct probes *probes_open(double per_second, pid_t server);

// Begins a phase. The pings of the phases before it are told apart by their times.
void probes_enter(struct probes *probes, enum phase phase);

// Sends the pings that are due, to one client after the other.
void probes_send(struct load *load, uint64_t now);

void probes_answered(struct probes *probes, const void *payload);
