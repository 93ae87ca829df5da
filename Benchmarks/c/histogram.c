#include "histogram.h"

void histogram_merge(struct histogram *into, const struct histogram *from) {
    for (int bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        into->counts[bucket] += from->counts[bucket];
    }
    into->total += from->total;
    if (from->longest > into->longest) into->longest = from->longest;
}

uint64_t histogram_percentile(const struct histogram *histogram, double share) {
    uint64_t wanted = (uint64_t)(share * (double)histogram->total + 0.5), seen = 0;
    if (wanted == 0) wanted = 1;
    for (uint64_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->counts[bucket];
        if (seen < wanted) continue;
        // histogram_add puts v at 64 s + (v >> s), where v >> s is 64 to 127 unless s is 0.
        uint64_t shift = bucket < 128 ? 0 : bucket / 64 - 1;
        uint64_t end = ((bucket - shift * 64 + 1) << shift) - 1;
        return end < histogram->longest ? end : histogram->longest;
    }
    return histogram->longest;
}
