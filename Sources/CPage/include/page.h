#ifndef CPAGE_H
#define CPAGE_H

#include <stddef.h>

/* The web page served at `/`, embedded when this file is compiled: UTF-8, not NUL-terminated,
   valid for the life of the process. */
const unsigned char *chat_page_bytes(void);
size_t chat_page_length(void);

#endif
