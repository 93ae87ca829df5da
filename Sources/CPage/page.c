#include "page.h"

static const unsigned char page[] = {
#embed "page.html"
};

const unsigned char *chat_page_bytes(void) { return page; }
size_t chat_page_length(void) { return sizeof page; }
