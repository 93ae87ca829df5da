// Pings at fixed times, and how long their pongs take: by the clock, and in processor time of the
// server, which says the same on a busy machine. A ping carries both readings, so nothing has to be
// remembered of it.
#pragma once

#include <sys/types.h>

#include "histogram.h"

struct load;

enum phase { PHASE_WARM_UP, PHASE_QUIET, PHASE_COMING, PHASE_GOING, PHASES };

struct probes {
    uint64_t period, due;
    uint64_t sent, answered;
    uint64_t since[PHASES];  // when each began; a ping belongs to the one in which it was due
    struct histogram times[PHASES];
    clockid_t server;  // its processor time
    struct histogram work[PHASES];
};

// What a ping carries.
struct probe {
    uint64_t due, server;
};

// `server` is the process that answers; 0 if that is not known.
struct probes *probes_open(double per_second, pid_t server);

// A phase begins. Those before it are told apart by their times.
void probes_enter(struct probes *probes, enum phase phase);

// Sends what is due at this moment, to one client after the other.
void probes_send(struct load *load, uint64_t now);

void probes_answered(struct probes *probes, const void *payload);
