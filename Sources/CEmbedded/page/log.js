// The conversation as elements of the page: messages in groups by author, days, notes.

import { GROUP_GAP, GROUP_SIZE, KEPT } from './limits.js';
import { talk } from './state.js';
import { $, fold, make } from './tools.js';

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const calendar = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });
const precise = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
let last = null;                     // { author, mine, time, day, group, size } of the newest message
let marker = null;                   // the line above the first unread message
let away = null;                     // the newest note of having been away, and for how long

export function showMessage(author, mine, value, plain, time) {
  const day = time.toDateString();
  if (last?.day !== day) {
    $('log').append(make('div', 'day', calendar.format(time)));
    last = { day };
  }
  if (last.author !== author || last.mine !== mine || time - last.time > GROUP_GAP || last.size >= GROUP_SIZE) {
    const group = make('div', mine ? 'group mine' : 'group');
    const name = make('div', mine ? 'unseen' : 'name');
    name.append(make('bdi', '', author));
    if (!mine) group.append(avatar(make('span', 'avatar'), author));
    group.append(name);
    $('log').append(group);
    last = { author, mine, day, group, size: 0 };
  }
  last.time = time;
  last.size++;
  const bubble = make('div', 'msg');
  const stamp = make('time', '', clock.format(time));
  stamp.dateTime = time.toISOString();
  stamp.title = precise.format(time);
  const text = make(plain ? 'div' : 'code', plain ? 'text' : 'text json', value);
  text.dir = plain ? 'auto' : 'ltr';
  bubble.append(text, stamp);
  last.group.append(bubble);
  talk.shown++;
}

export function avatar(element, name) {
  let hash = 0;
  for (const unit of fold(name)) hash = (hash * 31 + unit.codePointAt(0)) >>> 0;
  element.className = `avatar a${hash % 8}`;
  element.textContent = ([...name][0] ?? '?').toUpperCase();
  element.setAttribute('aria-hidden', 'true');
  return element;
}

// Says how long the connection was gone. Several times with no message between share one note.
export function noteAway(lostAt) {
  if (!talk.shown) return;
  const again = away && $('log').lastElementChild === away.note;
  if (again) away.note.remove();
  const time = Date.now() - lostAt + (again ? away.time : 0);
  const seconds = Math.max(1, Math.round(time / 1000));
  const length = seconds < 120 ? `${seconds} s` : seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`;
  away = { time, note: make('div', 'note', `You were away for ${length}. What was said meanwhile is not shown.`) };
  $('log').append(away.note);
  endGroup();
}

export function countUnread() {
  if (talk.unread++) return;
  clearMarker();
  marker = make('div', 'new', 'New messages');
  $('log').append(marker);
  endGroup();
}

export function clearMarker() { marker?.remove(); marker = null; }

// The next message stands under a name of its own.
function endGroup() { if (last) last = { day: last.day }; }

// Removes the oldest elements while there are more messages than are kept.
export function prune() {
  while (talk.shown > KEPT) {
    const first = $('log').firstElementChild;
    talk.shown -= first.querySelectorAll('.msg').length;
    if (first === marker) marker = null;
    first.remove();
  }
}
