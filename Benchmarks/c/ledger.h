// Who has received what: each recipient must see each message once and each sender's in order, with
// every byte as it was. Without that a figure is worth nothing.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"

// A random mark of this run in every message: what another run left behind is not mistaken for one.
enum { TAG_BYTES = 4 };

struct sender {
    uint32_t sent, done;
    // By number modulo the ring's size: how many recipients still lack a message, and since when.
    uint32_t *lacking;
    uint64_t *since;
};

struct ledger {
    struct sender *senders;
    uint32_t sender_count, recipient_count;
    uint32_t ring;  // a power of two; so many messages of one sender can be on their way
    uint32_t *next;  // for each client and sender, the number that must come next
    uint8_t *value;  // what a message looks like; its first bytes are the stamp, then the tag
    size_t value_size;
    bool each;  // measure each delivery, not only the last one of each message
    uint64_t messages_done, deliveries;
    uint64_t doubled, reordered, corrupted, foreign, skipped;
    struct histogram *last_latency, *each_latency;
};

void ledger_open(struct ledger *ledger, uint32_t clients, uint32_t recipients, uint32_t senders,
                 uint32_t ring, size_t value_size);

// Messages that a sender has on their way.
static inline uint32_t ledger_in_flight(const struct sender *sender) {
    return sender->sent - sender->done;
}

// Whether there is room for one more.
bool ledger_may_send(const struct ledger *ledger, uint32_t sender);

// The value to send, which stays valid until the next call. `intended` is when it should be sent.
const uint8_t *ledger_send(struct ledger *ledger, uint32_t sender, uint64_t intended);

// A client has received a value.
void ledger_receive(struct ledger *ledger, uint32_t client, const uint8_t *value, size_t size,
                    uint64_t now);

// Deliveries that are still missing.
uint64_t ledger_lacking(const struct ledger *ledger);

// Times of what came before do not count.
void ledger_forget_times(struct ledger *ledger);
