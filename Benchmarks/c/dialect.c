#include "dialect.h"

#include <string.h>

const struct dialect *dialect_named(const char *name) {
    static const struct dialect *all[] = {&dialect_raw, &dialect_raw_rooms, &dialect_chatnode,
                                          &dialect_chatnode_v1, &dialect_nats};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(name, all[i]->name) == 0) return all[i];
    }
    return NULL;
}
