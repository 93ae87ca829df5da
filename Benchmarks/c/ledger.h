// Notes which recipient has received which message: each must get each message of its room once and
// each sender's in order, with every byte unchanged. Otherwise no measurement counts.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"
#include "options.h"

// A random mark of this run in every message, so that messages of another run are not counted.
enum { TAG_BYTES = 4 };

struct sender {
    uint32_t sent, done;
    uint32_t recipients;  // of each of its messages
    // For each number, modulo the ring's size: how many recipients still lack the message, and
    // since when.
    uint32_t *lacking;
    uint64_t *since;
};

struct ledger {
    struct sender *senders;
    uint32_t sender_count;
    uint32_t rooms;  // client i is in room i modulo this
    bool mute;       // the senders are no recipients
    uint32_t ring;  // a power of two: the most messages of one sender on their way
    uint32_t *next;  // for each client and sender, the number that must come next
    uint8_t *value;  // the form of a message: the stamp, then the tag, then filler
    size_t value_size;
    bool each;  // measure each delivery, not only the last one of each message
    uint64_t messages_done, deliveries;
    uint64_t doubled, reordered, corrupted, foreign, skipped, astray;
    struct histogram *last_latency, *each_latency;
};

void ledger_open(struct ledger *ledger, const struct options *options, uint32_t ring);

// Returns how many messages a sender has on their way.
static inline uint32_t ledger_in_flight(const struct sender *sender) {
    return sender->sent - sender->done;
}

// Returns whether there is room for one more message.
bool ledger_may_send(const struct ledger *ledger, uint32_t sender);

// Returns the value to send, which stays valid until the next call. `intended` is when it should be
// sent.
const uint8_t *ledger_send(struct ledger *ledger, uint32_t sender, uint64_t intended);

// Notes that a client has received a value.
void ledger_receive(struct ledger *ledger, uint32_t client, const uint8_t *value, size_t size,
                    uint64_t now);

// Returns how many deliveries are still missing.
uint64_t ledger_lacking(const struct ledger *ledger);

// Discards all times measured so far.
void ledger_forget_times(struct ledger *ledger);
