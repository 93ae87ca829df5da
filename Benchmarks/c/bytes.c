#include "bytes.h"

#include <stdlib.h>
#include <string.h>

uint8_t *bytes_reserve(struct bytes *buffer, size_t more) {
    if (buffer->capacity - buffer->size < more) {
        size_t capacity = buffer->capacity ? buffer->capacity : 256;
        while (capacity - buffer->size < more) capacity *= 2;
        uint8_t *data = realloc(buffer->data, capacity);
        if (!data) abort();
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

void bytes_append(struct bytes *buffer, const void *data, size_t size) {
    if (!size) return;
    memcpy(bytes_reserve(buffer, size), data, size);
    buffer->size += size;
}

void bytes_drop(struct bytes *buffer, size_t size) {
    buffer->size -= size;
    if (buffer->size) memmove(buffer->data, buffer->data + size, buffer->size);
}

void bytes_free(struct bytes *buffer) {
    free(buffer->data);
    *buffer = (struct bytes){0};
}
