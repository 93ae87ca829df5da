/* What Swift needs of libhiredis: its parser and its formatter, not its sockets. */
#ifndef CHIREDIS_SHIM_H
#define CHIREDIS_SHIM_H

#include <hiredis/hiredis.h>

#endif
