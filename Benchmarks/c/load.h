// The generator's one thread and its clients.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "bytes.h"
#include "ledger.h"
#include "options.h"
#include "probes.h"

enum stage {
    STAGE_CLOSED,
    STAGE_CONNECTING,  // the TCP connection is not made yet
    STAGE_GREETING,    // the dialect is opening
    STAGE_LIVE,
    STAGE_DEAF,        // live, and not read any more
};

struct client {
    int fd;
    uint32_t index;
    uint8_t stage;
    uint8_t step;  // of the dialect, while greeting
    uint32_t acked;  // messages of this client that were acknowledged
    bool deaf;
    struct bytes in;   // the beginning of an incomplete unit
    struct bytes out;  // what send() did not take
};

struct load {
    struct options options;
    const struct dialect *dialect;
    struct ledger ledger;
    struct client *clients;
    uint32_t client_count;  // those that read and the deaf ones
    uint32_t opened, opening, live, closed, deaf_closed;
    uint64_t refused, pings, acks;
    struct probes *probes;  // NULL if no client is pinged
    int epoll;
    uint64_t now;  // when this turn's events were fetched
    char problem[200];  // the first problem
};

static inline uint64_t clock_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void load_open(struct load *load, const struct options *options);

// Connects all clients and waits until their greetings are done. Ends the program if that fails.
void load_connect(struct load *load);

// Waits for events until `deadline`, and handles them.
void load_turn(struct load *load, uint64_t deadline);

// Sends what the dialect has put into `out`, or keeps what the socket does not take.
void client_send(struct load *load, struct client *client, struct bytes *out);

// Notes that the dialect's greeting is done.
void client_is_live(struct load *load, struct client *client);

// Notes a problem, if it is the first.
void load_problem(struct load *load, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// The modes; each returns the exit code.
int run_fanout(struct load *load);
int run_connect(struct load *load);
int run_idle(struct load *load);
int run_churn(const struct options *options);
int run_redis(const struct options *options);
