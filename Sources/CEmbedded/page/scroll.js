// Scrolling. A reader at the end stays there; a reader further up is told how many messages are new, and
// gets older ones at the top.

import { HANDS_ON, HISTORY, NEAR_END, NEAR_TOP } from './limits.js';
import { announce, hush, note, prepend, prune } from './log.js';
import { page } from './state.js';
import { $, plural, setText } from './tools.js';

export const scroller = $('scroll');
let lastTop = 0, lastSize = '', frameAsked = false;
let handsOnUntil = 0;
let onRead = () => {};
export function whenRead(call) { onRead = call; }

scroller.addEventListener('scroll', () => {
  const room = page.active, top = scroller.scrollTop;
  if (!room) return;
  const left = scroller.scrollHeight - scroller.clientHeight - top;
  const size = `${scroller.clientWidth} ${scroller.clientHeight}`;
  if (left < NEAR_END) room.atEnd = true;
  else if (size !== lastSize) follow();         // the window's new size moved it
  else if (top < lastTop && (!frameAsked || Date.now() < handsOnUntil)) room.atEnd = false;
  lastTop = top;
  lastSize = size;
  if (top < NEAR_TOP && !room.atEnd) askOlder(room);
  read();
  paintJump();
}, { passive: true });

// The browser itself scrolls up if an element has just been removed. While a frame is asked for, a
// scroll is the reader's only if the reader has just used the wheel, the screen, the pointer or a key.
for (const type of ['wheel', 'touchmove', 'pointerdown', 'keydown']) {
  scroller.addEventListener(type, () => {
    handsOnUntil = Date.now() + HANDS_ON;
    // At the top, or if all fits, nothing scrolls any more.
    if (page.active && scroller.scrollTop === 0 && type !== 'pointerdown') askOlder(page.active);
  }, { passive: true });
}

// Scrolls to the end with the next frame if the reader is at the end.
export function follow() {
  if (frameAsked) return;
  frameAsked = true;
  requestAnimationFrame(() => {
    frameAsked = false;
    if (page.active?.atEnd) {
      prune(page.active);
      scroller.scrollTop = scroller.scrollHeight;
      lastTop = scroller.scrollTop;
      read();
    }
    lastSize = `${scroller.clientWidth} ${scroller.clientHeight}`;
    paintJump();
  });
}

export function toEnd() { if (page.active) page.active.atEnd = true; follow(); }

/** Shows another room where its reader was. */
export function restore(room) {
  lastTop = scroller.scrollTop = room.atEnd ? scroller.scrollHeight : room.top;
  lastSize = `${scroller.clientWidth} ${scroller.clientHeight}`;
  follow();
}

// Gets older messages, and keeps what the reader sees where it is.
export async function askOlder(room) {
  if (!room.hasMore || room.isAsking) return;
  room.isAsking = true;
  let isNothing = false;
  try {
    const { items, more } = await page.chat.history(room.key, { before: room.before, limit: HISTORY });
    room.hasMore = more && items.length > 0;
    room.before = items[0]?.seq ?? room.before;
    const fromEnd = scroller.scrollHeight - scroller.scrollTop;
    hush();
    isNothing = !prepend(room, items);
    if (!room.hasMore) begin(room);
    if (room === page.active) lastTop = scroller.scrollTop = scroller.scrollHeight - fromEnd;
    announce();
  } catch { /* The reader scrolls again. */ }
  room.isAsking = false;
  // All messages of the page were removed: there is nothing that the reader could scroll to.
  if (isNothing) askOlder(room);
}

function begin(room) {
  const isFirst = room.before <= 1;
  note(room, isFirst ? 'The room begins here.' : 'Older messages are not kept.');
  room.body.prepend(room.body.lastElementChild);
}

// Counts all messages as read if the reader can see the end.
export function read() {
  const room = page.active;
  if (!room?.unread || document.hidden || !room.atEnd) return;
  room.unread = room.mentions = 0;
  onRead();
}

export function paintJump() {
  const { unread = 0, atEnd = true } = page.active ?? {};
  setText('jump', unread ? `↓ ${plural(unread, 'new message')}` : '↓ Newest');
  $('jump').hidden = atEnd;
}

new ResizeObserver(follow).observe(scroller);
$('jump').addEventListener('click', () => { toEnd(); $(page.login === 'in' ? 'text' : 'scroll').focus(); });
