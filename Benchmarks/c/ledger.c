#include "ledger.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "stamp.h"

// The numbers that a client was seen to lack. There are none unless something is wrong, so the
// search may be slow; beyond this many, further ones make no difference.
enum { HOLES = 1024 };
static struct hole {
    uint32_t client, sender, number;
} holes[HOLES];
static size_t hole_count;

static void *zeroed(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory) abort();
    return memory;
}

// Returns how many clients are to hear a sender. Deaf clients are not among them.
static uint32_t recipients_of(uint32_t sender, const struct options *options, uint32_t rooms) {
    uint32_t room = sender % rooms;
    uint32_t members = (options->clients - room + rooms - 1) / rooms;
    if (!options->mute) return members;
    return members - (options->senders - room + rooms - 1) / rooms;
}

void ledger_open(struct ledger *ledger, const struct options *options, uint32_t ring) {
    uint32_t clients = options->clients + options->deaf, senders = options->senders;
    size_t value_size = options->value_bytes;
    *ledger = (struct ledger){
        .senders = zeroed(senders, sizeof(struct sender)),
        .sender_count = senders,
        .rooms = options->rooms ? options->rooms : 1,
        .mute = options->mute,
        .ring = ring,
        .next = zeroed((size_t)clients * senders, sizeof(uint32_t)),
        .value = zeroed(value_size, 1),
        .value_size = value_size,
        .last_latency = zeroed(1, sizeof(struct histogram)),
        .each_latency = zeroed(1, sizeof(struct histogram)),
    };
    for (uint32_t i = 0; i < senders; i++) {
        ledger->senders[i].recipients = recipients_of(i, options, ledger->rooms);
        ledger->senders[i].lacking = zeroed(ring, sizeof(uint32_t));
        ledger->senders[i].since = zeroed(ring, sizeof(uint64_t));
    }
    uint8_t noise[TAG_BYTES] = {0};
    if (getrandom(noise, sizeof noise, 0) < 0) abort();
    for (size_t i = STAMP_BYTES; i < value_size; i++) {
        size_t after = i - STAMP_BYTES;
        uint8_t letter = after < TAG_BYTES ? noise[after] % 26 : (uint8_t)(i * 7 % 26);
        ledger->value[i] = 'a' + letter;
    }
}

bool ledger_may_send(const struct ledger *ledger, uint32_t sender) {
    const struct sender *from = &ledger->senders[sender];
    // A later message may be complete before an earlier one: its place in the ring decides, not the
    // count.
    return from->lacking[from->sent & (ledger->ring - 1)] == 0;
}

const uint8_t *ledger_send(struct ledger *ledger, uint32_t sender, uint64_t intended) {
    struct sender *from = &ledger->senders[sender];
    uint32_t number = from->sent++, place = number & (ledger->ring - 1);
    from->lacking[place] = from->recipients;
    from->since[place] = intended;
    stamp_write(ledger->value, (uint8_t)sender, number);
    return ledger->value;
}

// Handles a number that is not the next one. Returns true if it counts as a delivery.
static bool out_of_turn(struct ledger *ledger, uint32_t client, uint32_t sender, uint32_t number) {
    uint32_t *next = &ledger->next[(size_t)client * ledger->sender_count + sender];
    if (number > *next) {
        for (uint32_t hole = *next; hole < number; hole++) {
            ledger->skipped++;
            if (hole_count < HOLES) holes[hole_count++] = (struct hole){client, sender, hole};
        }
        *next = number + 1;
        return true;
    }
    for (size_t i = 0; i < hole_count; i++) {
        struct hole *hole = &holes[i];
        if (hole->client == client && hole->sender == sender && hole->number == number) {
            *hole = holes[--hole_count];
            ledger->reordered++;
            return true;
        }
    }
    ledger->doubled++;
    return false;
}

void ledger_receive(struct ledger *ledger, uint32_t client, const uint8_t *value, size_t size,
                    uint64_t now) {
    uint32_t number;
    uint8_t from;
    if (size < STAMP_BYTES + TAG_BYTES
        || memcmp(value + STAMP_BYTES, ledger->value + STAMP_BYTES, TAG_BYTES)) {
        ledger->foreign++;
        return;
    }
    if (size != ledger->value_size || !stamp_read(value, &from, &number)
        || from >= ledger->sender_count || number >= ledger->senders[from].sent
        || memcmp(value + STAMP_BYTES, ledger->value + STAMP_BYTES, size - STAMP_BYTES)) {
        ledger->corrupted++;
        return;
    }
    if (client % ledger->rooms != from % ledger->rooms
        || (ledger->mute && client < ledger->sender_count)) {
        ledger->astray++;
        return;
    }
    uint32_t *next = &ledger->next[(size_t)client * ledger->sender_count + from];
    if (number == *next) {
        *next = number + 1;
    } else if (!out_of_turn(ledger, client, from, number)) {
        return;
    }
    struct sender *sender = &ledger->senders[from];
    uint32_t place = number & (ledger->ring - 1);
    // Each client counts a number once, so this is above zero here.
    uint32_t lacking = --sender->lacking[place];
    ledger->deliveries++;
    if (ledger->each) histogram_add(ledger->each_latency, now - sender->since[place]);
    if (lacking) return;
    sender->done++;
    ledger->messages_done++;
    histogram_add(ledger->last_latency, now - sender->since[place]);
}

uint64_t ledger_lacking(const struct ledger *ledger) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < ledger->sender_count; i++) {
        for (uint32_t place = 0; place < ledger->ring; place++) {
            total += ledger->senders[i].lacking[place];
        }
    }
    return total;
}

void ledger_forget_times(struct ledger *ledger) {
    *ledger->last_latency = (struct histogram){0};
    *ledger->each_latency = (struct histogram){0};
}
