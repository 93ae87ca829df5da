// The generator's command line.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum mode { MODE_FANOUT, MODE_CONNECT, MODE_IDLE, MODE_CHURN, MODE_REDIS };

enum { MOST_PROCESSES = 8 };

// So that a room's number has four digits.
enum { MOST_ROOMS = 10000 };

struct watched {
    char name[32];
    pid_t pid;
};

struct options {
    enum mode mode;
    const char *dialect;
    const char *path;
    uint16_t port;
    uint32_t clients, newcomers, senders, deaf, in_flight, concurrency, sources;
    uint32_t value_bytes;
    uint32_t rooms;  // 0: all clients are in the one that the dialect knows without a name
    bool burst, each, in_order, mute, acks;
    double rate, ceiling, seconds, warm_up, patience, silence;
    int receive_buffer;
    struct watched watched[MOST_PROCESSES];
    unsigned watched_count;
};

struct options options_read(int count, char **arguments);
