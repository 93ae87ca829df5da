// Scrolling. A reader at the end stays there; a reader further up is told how many messages are new.

import { HANDS_ON, NEAR_END } from './limits.js';
import { prune } from './log.js';
import { me, talk } from './state.js';
import { $, setText } from './tools.js';

export const scroller = $('scroll');
let lastTop = 0, lastSize = '', frameAsked = false;
let handsOnUntil = 0;

scroller.addEventListener('scroll', () => {
  const top = scroller.scrollTop;
  const left = scroller.scrollHeight - scroller.clientHeight - top;
  const size = `${scroller.clientWidth} ${scroller.clientHeight}`;
  if (left < NEAR_END) talk.atEnd = true;
  else if (size !== lastSize) follow();         // the window's new size moved it
  else if (top < lastTop && (!frameAsked || Date.now() < handsOnUntil)) talk.atEnd = false;
  lastTop = top;
  lastSize = size;
  read();
  paintJump();
}, { passive: true });

// The browser itself scrolls up if an element has just been removed. While a frame is asked for, a
// scroll is the reader's only if the reader has just used the wheel, the screen, the pointer or a key.
for (const type of ['wheel', 'touchmove', 'pointerdown', 'keydown']) {
  scroller.addEventListener(type, () => { handsOnUntil = Date.now() + HANDS_ON; }, { passive: true });
}

// Scrolls to the end with the next frame if the reader is at the end.
export function follow() {
  if (frameAsked) return;
  frameAsked = true;
  requestAnimationFrame(() => {
    frameAsked = false;
    if (talk.atEnd) {
      prune();
      scroller.scrollTop = scroller.scrollHeight;
      lastTop = scroller.scrollTop;
      read();
    }
    lastSize = `${scroller.clientWidth} ${scroller.clientHeight}`;
    paintJump();
  });
}

export function toEnd() { talk.atEnd = true; follow(); }

// Counts all messages as read if the reader can see the end.
export function read() {
  if (!talk.unread || document.hidden || !talk.atEnd) return;
  talk.unread = 0;
  paintUnread();
}

// Shows how many messages are unread, in the tab's title and on the button to the newest one.
export function paintUnread() {
  document.title = talk.unread ? `(${talk.unread}) chatnode` : 'chatnode';
  paintJump();
}

function paintJump() {
  setText('jump', talk.unread ? `↓ ${talk.unread} new message${talk.unread === 1 ? '' : 's'}` : '↓ Newest');
  $('jump').hidden = talk.atEnd;
}

new ResizeObserver(follow).observe(scroller);
$('jump').addEventListener('click', () => { toEnd(); $(me.state === 'in' ? 'text' : 'scroll').focus(); });
