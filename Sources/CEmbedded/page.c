#include "embedded.h"

static const unsigned char index_html[] = {
#embed "page/index.html"
};
static const unsigned char style_css[] = {
#embed "page/style.css"
};
static const unsigned char chatnode_d_ts[] = {
#embed "page/chatnode.d.ts"
};
static const unsigned char chatnode_js[] = {
#embed "page/chatnode.js"
};
static const unsigned char keyboard_js[] = {
#embed "page/keyboard.js"
};
static const unsigned char limits_js[] = {
#embed "page/limits.js"
};
static const unsigned char log_js[] = {
#embed "page/log.js"
};
static const unsigned char login_js[] = {
#embed "page/login.js"
};
static const unsigned char main_js[] = {
#embed "page/main.js"
};
static const unsigned char pending_js[] = {
#embed "page/pending.js"
};
static const unsigned char people_js[] = {
#embed "page/people.js"
};
static const unsigned char raw_js[] = {
#embed "page/raw.js"
};
static const unsigned char rooms_js[] = {
#embed "page/rooms.js"
};
static const unsigned char scroll_js[] = {
#embed "page/scroll.js"
};
static const unsigned char state_js[] = {
#embed "page/state.js"
};
static const unsigned char tab_js[] = {
#embed "page/tab.js"
};
static const unsigned char text_js[] = {
#embed "page/text.js"
};
static const unsigned char tools_js[] = {
#embed "page/tools.js"
};
static const unsigned char view_js[] = {
#embed "page/view.js"
};

static const struct embedded_file files[] = {
    {"index.html", {index_html, sizeof index_html}},
    {"style.css", {style_css, sizeof style_css}},
    {"chatnode.d.ts", {chatnode_d_ts, sizeof chatnode_d_ts}},
    {"chatnode.js", {chatnode_js, sizeof chatnode_js}},
    {"keyboard.js", {keyboard_js, sizeof keyboard_js}},
    {"limits.js", {limits_js, sizeof limits_js}},
    {"log.js", {log_js, sizeof log_js}},
    {"login.js", {login_js, sizeof login_js}},
    {"main.js", {main_js, sizeof main_js}},
    {"pending.js", {pending_js, sizeof pending_js}},
    {"people.js", {people_js, sizeof people_js}},
    {"raw.js", {raw_js, sizeof raw_js}},
    {"rooms.js", {rooms_js, sizeof rooms_js}},
    {"scroll.js", {scroll_js, sizeof scroll_js}},
    {"state.js", {state_js, sizeof state_js}},
    {"tab.js", {tab_js, sizeof tab_js}},
    {"text.js", {text_js, sizeof text_js}},
    {"tools.js", {tools_js, sizeof tools_js}},
    {"view.js", {view_js, sizeof view_js}},
};

size_t embedded_page_count(void) { return sizeof files / sizeof files[0]; }

struct embedded_file embedded_page_file(size_t index) { return files[index]; }
