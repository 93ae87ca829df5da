// The rooms of this tab: the list with what is unread, joining, showing, leaving.

import { HISTORY } from './limits.js';
import { clearMark, hush, mark } from './log.js';
import { paintPeople, paintTyping } from './people.js';
import { follow, paintJump, restore, scroller, whenRead } from './scroll.js';
import { page, Room } from './state.js';
import { $, make, plural, setText, stored, trouble } from './tools.js';

export const LOBBY = 'lobby';
let onShow = () => {};
export function whenShown(call) { onShow = call; }

/** The rooms that this tab was in before a reload, and what stood in the field of each. */
export function keptRooms() {
  const kept = stored('sessionStorage', s => JSON.parse(s.getItem('chatnode.rooms')));
  const keys = Array.isArray(kept?.keys) ? kept.keys.filter(key => typeof key === 'string') : [];
  return { keys: keys.length ? keys : [LOBBY], active: kept?.active ?? LOBBY, drafts: kept?.drafts ?? {} };
}

function keep() {
  if (page.active) page.active.draft = $('text').value;
  const drafts = Object.fromEntries([...page.rooms].map(([key, { draft }]) => [key, draft]));
  const value = JSON.stringify({ keys: [...page.rooms.keys()], active: page.active?.key, drafts });
  stored('sessionStorage', s => s.setItem('chatnode.rooms', value));
}

export function enter(key, draft = '') {
  if (page.rooms.has(key)) return page.rooms.get(key);
  const room = new Room(key);
  room.draft = draft;
  page.rooms.set(key, room);
  page.chat.join(key, { history: HISTORY, fresh: true });
  keep();
  paintRooms();
  return room;
}

export function show(room) {
  const before = page.active;
  if (before === room) return;
  if (before) {
    before.top = scroller.scrollTop;
    before.draft = $('text').value;
    if (!before.unread) clearMark(before);
  }
  page.active = room;
  hush();
  $('log').setAttribute('aria-label', `Messages in ${room.key}`);
  $('log').replaceChildren(room.body);
  $('text').value = room.draft;
  $('text').placeholder = `Message to ${room.key}`;
  setText('room-name', room.key);
  keep();
  restore(room);
  paintRooms();
  paintPeople();
  paintTyping();
  paintJump();
  onShow();
}

export function exit(room) {
  page.chat.leave(room.key);
  page.rooms.delete(room.key);
  if (!page.rooms.size) enter(LOBBY);
  if (page.active === room) show(page.rooms.values().next().value);
  keep();
  paintRooms();
}

/** Shows the room above or below in the list. */
export function step(by) {
  const rooms = [...page.rooms.values()], at = rooms.indexOf(page.active);
  show(rooms[(at + by + rooms.length) % rooms.length]);
}

/** Counts a message that the reader does not see yet. */
export function countUnread(room, isMention) {
  if (!room.unread++) mark(room);
  if (isMention) room.mentions++;
  paintRooms();
}

// A room's row stays the same element: a click that has begun is not lost.
function rowOf(room) {
  if (room.row) return room.row;
  room.row = make('li', '', make('button', 'room', make('span', 'hash', '#'), make('bdi', '', room.key), make('span'), make('span', 'unseen')));
  const button = room.row.firstChild;
  button.type = 'button';
  button.dataset.room = room.key;
  button.firstChild.setAttribute('aria-hidden', 'true');
  button.childNodes[2].setAttribute('aria-hidden', 'true');
  return room.row;
}

function paintRow(room) {
  const button = rowOf(room).firstChild, [, , badge, said] = button.childNodes;
  if (room === page.active) button.setAttribute('aria-current', 'true'); else button.removeAttribute('aria-current');
  badge.className = !room.unread ? '' : room.mentions ? 'badge at' : 'badge';
  badge.textContent = room.unread ? `${room.mentions ? '@' : ''}${room.unread}` : '';
  const mentions = room.mentions ? `, ${plural(room.mentions, 'mention')}` : '';
  said.textContent = room.unread ? `, ${plural(room.unread, 'new message')}${mentions}` : '';
}

export function paintRooms() {
  for (const row of [...$('rooms').children]) if (![...page.rooms.values()].some(room => room.row === row)) row.remove();
  for (const room of page.rooms.values()) {
    paintRow(room);
    if (!room.row.parentElement) $('rooms').append(room.row);
  }
  const unread = [...page.rooms.values()].reduce((sum, room) => sum + room.unread, 0);
  document.title = unread ? `(${unread}) chatnode` : 'chatnode';
  const elsewhere = [...page.rooms.values()].some(room => room.unread && room !== page.active);
  $('rooms-open').toggleAttribute('data-news', elsewhere);
  $('rooms-open').setAttribute('aria-label', elsewhere ? 'Rooms, with new messages' : 'Rooms');
}

addEventListener('pagehide', keep);
whenRead(() => { paintRooms(); paintJump(); });
$('rooms').addEventListener('click', event => {
  const key = event.target.closest('.room')?.dataset.room;
  if (!key) return;
  show(page.rooms.get(key));
  closeDrawers();
  follow();
});
$('leave').addEventListener('click', () => exit(page.active));
$('enter').addEventListener('submit', event => {
  event.preventDefault();
  const key = $('room').value.trim().toLowerCase();
  if (!/^[a-z0-9._-]{1,64}$/.test(key)) return trouble('room', 'Up to 64 of a-z, 0-9, - _ and .');
  trouble('room', '');
  $('room').value = '';
  show(enter(key));
  closeDrawers();
  $(page.login === 'in' ? 'text' : 'name').focus();
});
$('room').addEventListener('input', () => trouble('room', ''));

// MARK: drawers, on a narrow page

export function closeDrawers() { setDrawer(''); }

export function setDrawer(which) {
  document.body.dataset.drawer = which;
  for (const name of ['rooms', 'people']) $(`${name}-open`).setAttribute('aria-expanded', String(which === name));
}

for (const name of ['rooms', 'people']) {
  $(`${name}-open`).addEventListener('click', () => {
    const isOpen = document.body.dataset.drawer === name;
    setDrawer(isOpen ? '' : name);
    if (!isOpen) $(`${name}-drawer`).focus();
  });
}
$('shade').addEventListener('click', closeDrawers);
