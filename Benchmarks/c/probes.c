#include "probes.h"

#include <stdlib.h>

#include "load.h"
#include "ws.h"

struct probes *probes_open(double per_second, pid_t server) {
    struct probes *probes = calloc(1, sizeof *probes);
    if (!probes) abort();
    probes->period = (uint64_t)(1e9 / per_second);
    probes->due = clock_ns();
    // Without a server it is the generator's own clock, which shows nothing and does no harm.
    if (clock_getcpuclockid(server, &probes->server)) probes->server = CLOCK_PROCESS_CPUTIME_ID;
    for (int phase = 0; phase < PHASES; phase++) probes->since[phase] = UINT64_MAX;
    probes_enter(probes, PHASE_WARM_UP);
    return probes;
}

static uint64_t server_ns(const struct probes *probes) {
    struct timespec time = {0};
    clock_gettime(probes->server, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void probes_enter(struct probes *probes, enum phase phase) { probes->since[phase] = clock_ns(); }

void probes_send(struct load *load, uint64_t now) {
    struct probes *probes = load->probes;
    // A ping is sent for each time that is due, even if late: a slow server is not asked less
    // often.
    for (; probes->due <= now; probes->due += probes->period) {
        struct probe probe = {probes->due, server_ns(probes)};
        struct bytes out = {0};
        ws_client_frame(&out, WS_PING, &probe, sizeof probe);
        client_send(load, &load->clients[probes->sent++ % load->client_count], &out);
        bytes_free(&out);
    }
}

void probes_answered(struct probes *probes, const void *payload) {
    struct probe probe;
    memcpy(&probe, payload, sizeof probe);
    int phase = PHASES - 1;
    while (phase > 0 && probe.due < probes->since[phase]) phase--;
    histogram_add(&probes->times[phase], clock_ns() - probe.due);
    histogram_add(&probes->work[phase], server_ns(probes) - probe.server);
    probes->answered++;
}
