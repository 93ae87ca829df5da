/* What Swift needs of libhiredis: its parser, not its sockets. */
#ifndef CHIREDIS_SHIM_H
#define CHIREDIS_SHIM_H

#include <hiredis/hiredis.h>

/* What the parser has found wrong. In the library a macro, which Swift does not see. */
static inline const char *chiredisReaderError(const redisReader *reader) {
    return reader->errstr;
}

#endif
