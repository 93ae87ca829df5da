// A histogram of times from 1 ns to half an hour, with buckets at most 1.6 % wide (64 for each
// power of two).
#pragma once

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 64 * 36 };

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t longest;
};

static inline void histogram_add(struct histogram *histogram, uint64_t value) {
    int shift = value < 64 ? 0 : 57 - __builtin_clzll(value | 1);
    uint64_t bucket = (uint64_t)shift * 64 + (value >> shift);
    if (bucket >= HISTOGRAM_BUCKETS) bucket = HISTOGRAM_BUCKETS - 1;
    histogram->counts[bucket]++;
    histogram->total++;
    if (value > histogram->longest) histogram->longest = value;
}

// Adds all values of another histogram.
void histogram_merge(struct histogram *into, const struct histogram *from);

// Returns the upper end of the bucket in which this share (0 to 1) of all values is reached.
uint64_t histogram_percentile(const struct histogram *histogram, double share);
