// The conversation of a room as elements of the page: messages in order, days, notes.

import { GROUP_GAP, KEPT } from './limits.js';
import { isLocked, page } from './state.js';
import { nodesOf } from './text.js';
import { $, avatar, fold, make, plural } from './tools.js';

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const calendar = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });
const precise = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

// MARK: adding

/** Shows a message at the end. Returns whether it was not there yet, and whether it is the tab's own. */
export function append(room, event) {
  room.accepted.delete(event.mid);
  const known = room.byMid.get(event.mid);
  if (known) {                       // it comes again after a reset, or the room was joined anew
    known.seq = event.seq ?? known.seq;
    if (known.element.isConnected || known.element.parentElement) return { isNew: false };
  }
  const message = known ?? messageOf(event);
  room.messages.push(message);
  if (message.mid) room.byMid.set(message.mid, message);
  room.body.append(message.element);
  arrange(room, room.messages.length - 1);
  return { isNew: true, ...message };
}

/** Shows older messages above the others. Returns how many are shown. */
export function prepend(room, items) {
  const older = items.filter(item => item.type === 'chat' && !room.byMid.has(item.mid)).map(messageOf);
  for (const message of older) room.byMid.set(message.mid, message);
  const isEmpty = !room.messages.length;
  room.messages.unshift(...older);
  const elements = older.map(message => message.element);
  if (isEmpty) room.body.prepend(...elements); else firstRow(room, older.length).before(...elements);
  for (let at = 0; at <= older.length && at < room.messages.length; at++) arrange(room, at);
  return older.length;
}

// The first element that belongs to a message: its day stands above it.
function firstRow(room, at) {
  const { element } = room.messages[at];
  return element.previousElementSibling?.className === 'day' ? element.previousElementSibling : element;
}

function messageOf(event) {
  const author = String(event.username ?? '');
  const time = new Date(typeof event.ts === 'number' ? event.ts : Date.now());
  const isMine = !isLocked() && fold(author) === fold(page.name);
  const isText = typeof event.value === 'string';
  const { nodes, isMention } = isText ? nodesOf(event.value) : { nodes: [event.raw ?? JSON.stringify(event.value ?? null)] };
  const text = make(isText ? 'div' : 'code', isText ? 'text' : 'text json', ...nodes);
  text.dir = isText ? 'auto' : 'ltr';
  const stamp = make('time', '', clock.format(time));
  stamp.dateTime = time.toISOString();
  stamp.title = precise.format(time);
  const element = make('div', 'msg');
  element.classList.toggle('mine', isMine);
  element.classList.toggle('for-me', Boolean(isMention && !isMine));
  const name = make('div', 'name', make('bdi', '', author));
  element.append(avatar(make('span'), author), name, make('div', 'bubble', text, stamp));
  if (event.mid) element.dataset.mid = event.mid;
  if (isMine && event.mid) element.append(removeButton(event.value));
  return { seq: event.seq, mid: event.mid, author, isMine, isMention, time, element };
}

function removeButton(value) {
  const button = make('button', 'button quiet remove', '×');
  button.type = 'button';
  button.title = 'Remove this message';
  button.setAttribute('aria-label', `Remove your message ${String(value).slice(0, 40)}`);
  return button;
}

// Puts a message under the name of the one before it, or under a name and a day of its own.
function arrange(room, at) {
  const message = room.messages[at], before = room.messages[at - 1], { element } = message;
  const row = element.previousElementSibling;
  if (row?.className === 'day') row.remove();
  const isNewDay = before?.time.toDateString() !== message.time.toDateString();
  if (isNewDay) element.before(make('div', 'day', calendar.format(message.time)));
  const isNext = !isNewDay && before && before.author === message.author && before.isMine === message.isMine
    && message.time - before.time < GROUP_GAP && element.previousElementSibling === before.element;
  element.classList.toggle('first', !isNext);
}

// MARK: taking out

/** Blanks a message that was removed. */
export function blank(room, mid, by) {
  const message = room.byMid.get(mid);
  if (!message) return;
  const { element } = message;
  element.classList.add('removed');
  element.querySelector('.remove')?.remove();
  const isOther = by && fold(by) !== fold(message.author);
  element.querySelector('.text').replaceChildren(isOther ? `Removed by ${by}` : 'Message removed');
}

/** Takes out what a reset has made void: everything after a number. What still stands comes again. */
export function cutAfter(room, seq) {
  const gone = room.messages.filter(message => message.seq > seq);
  room.messages = room.messages.filter(message => !(message.seq > seq));
  for (const { element } of gone) {
    if (element.previousElementSibling?.className === 'day') element.previousElementSibling.remove();
    element.remove();
  }
  return gone;
}

/** Takes out the oldest messages while there are more than are kept. */
export function prune(room) {
  while (room.messages.length > KEPT) {
    const { mid, seq } = room.messages.shift();
    room.byMid.delete(mid);
    if (seq) room.before = seq + 1;
    while (room.body.firstElementChild !== room.messages[0].element) room.body.firstElementChild.remove();
    room.hasMore = true;
    arrange(room, 0);
  }
}

// MARK: reading out

/** Has a screen reader read out nothing that is added from now on: it is drawn again, or older. */
export function hush() { $('log').setAttribute('aria-live', 'off'); }

/**
 * Has it read out what is added from the next frame on, unless what was missed is not there yet, or
 * the form is being filled in.
 */
export function announce() {
  const isLive = page.login === 'in' && page.active?.isSynced;
  requestAnimationFrame(() => $('log').setAttribute('aria-live', isLive ? 'polite' : 'off'));
}

// MARK: notes

export function note(room, text) { room.body.append(make('div', 'note', text)); }

export const missing = count => `${plural(count, 'message')} ${count === 1 ? 'is' : 'are'} missing here: the server does not have them any more.`;

/** Draws the line above the first message that is unread. */
export function mark(room) {
  clearMark(room);
  room.mark = make('div', 'new', 'New messages');
  room.body.append(room.mark);
}

export function clearMark(room) { room.mark?.remove(); room.mark = null; }
