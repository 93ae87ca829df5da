// A buffer that grows. What does not fit into memory ends the program: a benchmark has no use for
// anything else.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

// Room for `more` bytes behind those there are; returns where they go. Does not count them.
uint8_t *bytes_reserve(struct bytes *buffer, size_t more);
void bytes_append(struct bytes *buffer, const void *data, size_t size);
// Takes away the first `size` bytes.
void bytes_drop(struct bytes *buffer, size_t size);
void bytes_free(struct bytes *buffer);
