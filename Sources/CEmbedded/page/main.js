// Makes the client, hands what it tells to the modules, and starts the page. Modules import each other in
// one direction only: this one imports those that the others do not know.

import { ChatClient } from './chatnode.js';
import './keyboard.js';
import { announce, append, blank, cutAfter, missing, note } from './log.js';
import { leave, loggedIn, loginFailed, logOut } from './login.js';
import { heardTyping, paintPeople, stoppedTyping } from './people.js';
import { changed, paintPending } from './pending.js';
import { parse } from './raw.js';
import { countUnread, enter, keptRooms, LOBBY, paintRooms, show, whenShown } from './rooms.js';
import { askOlder, follow, read } from './scroll.js';
import { page } from './state.js';
import { isOriginal, regained } from './tab.js';
import { $, plural, stored } from './tools.js';
import { degraded, linkChanged, measured, news, paint } from './view.js';

// MARK: what a room hears

const heard = {
  joined(room, { hole, seq, count }) {
    const isEmpty = !room.messages.length;
    // It is not known what lies between the newest message shown and this place, which may be a lower one.
    if (hole && !isEmpty) note(room, 'You were away for long: messages may be missing here.');
    if (hole || isEmpty) [room.hasMore, room.before] = [seq > 0, seq + 1];
    room.isSynced = false;
    if (count !== undefined && room === page.active) paintPeople();
  },
  synced(room, { seq }) {
    room.isSynced = true;
    // An own message that is not heard by now lies in a gap or a hole.
    for (const [mid, entry] of room.accepted) if (entry.seq <= seq) room.accepted.delete(mid);
    if (room === page.active) paintPending();
    const rooms = [...page.rooms.values()];
    if (room === page.active) announce();
    // All of the newest messages were removed: nothing is there that could be scrolled.
    if (!room.messages.length) askOlder(room);
    if (room.caughtUp < 0 || !rooms.every(one => one.isSynced)) return;
    const count = rooms.reduce((sum, one) => sum + Math.max(0, one.caughtUp), 0);
    news(`Back online, ${count ? plural(count, 'message') : 'no message'} caught up`);
    for (const one of rooms) one.caughtUp = -1;
  },
  chat(room, event) {
    const { isNew, isMine, isMention, author } = append(room, event);
    if (!isNew) return;
    if (room.caughtUp >= 0 && !isMine) room.caughtUp++;
    stoppedTyping(room, author);
    const isSeen = room === page.active && room.atEnd && !document.hidden;
    const isOld = !room.isSynced && room.caughtUp < 0;  // the history that a room begins with
    if (!isMine && !isSeen && !isOld) moveToUnread(room, event, isMention);
  },
  removed(room, { of, mid, by }) { blank(room, of?.mid ?? mid, by); },
  gap(room, { from, to }) { note(room, missing(to - from + 1)); },
  reset(room, { seq }) {
    room.before = Math.min(room.before, seq + 1);
    const gone = cutAfter(room, seq);
    if (gone.length) note(room, `The server has lost data: ${plural(gone.length, 'message')} that stood here may be gone.`);
  },
  presence(room) { if (room === page.active) paintPeople(); },
  typing(room, { users }) { heardTyping(room, users); },
};

// The line above the unread messages stands before this one if it is the first.
function moveToUnread(room, event, isMention) {
  const isFirst = !room.unread;
  countUnread(room, isMention);
  const row = room.body.querySelector(`[data-mid="${CSS.escape(event.mid ?? '')}"]`);
  if (isFirst && row) row.before(room.mark);
}

// MARK: what the client tells

const sentAt = new Map();            // of messages without an answer, by id

function outboxChanged(entry) {
  if (entry.state === 'pending' && page.chat.view.isLoggedIn) sentAt.set(entry.id, performance.now());
  else if (entry.state === 'acked' && sentAt.has(entry.id)) measured(performance.now() - sentAt.get(entry.id));
  if (entry.state !== 'pending') sentAt.delete(entry.id);
  changed(entry);
}

function stateChanged(detail) {
  linkChanged(detail);
  if (detail.state !== 'open') {
    sentAt.clear();
    for (const room of page.rooms.values()) {
      room.typing.clear();
      if (room.isSynced) [room.isSynced, room.caughtUp] = [false, 0];
    }
  }
  paintPending();
  paintPeople();
}

function listen(chat) {
  const on = (type, call) => chat.addEventListener(type, ({ detail }) => call(detail));
  on('room', detail => {
    const room = page.rooms.get(detail.room);
    if (!room) return;
    heard[detail.type]?.(room, detail);
    $('main').toggleAttribute('data-empty', !page.active?.messages.length);
    if (detail.type === 'chat') paintPending();
    if (room === page.active) follow();
  });
  on('outbox', outboxChanged);
  on('state', stateChanged);
  on('logged_in', detail => { loggedIn(detail); paintPending(); announce(); });
  on('login_failure', loginFailed);
  on('status', ({ value }) => degraded(value === 'degraded'));
  on('error', detail => { if (detail.room && !chat.view.rooms.has(detail.room)) news(`${detail.room}: ${detail.value}`); });
}

// MARK: the page's own events

$('banner-act').addEventListener('click', () => {
  const { state } = page.chat.view;
  if (state !== 'stopped') return state === 'open' ? logOut() : page.chat.connect();
  if (page.login !== 'out' && !page.chat.view.name) page.chat.login(page.name);
  page.chat.connect();
});

$('log').addEventListener('click', event => {
  const mid = event.target.closest('.remove') && event.target.closest('.msg').dataset.mid;
  if (!mid) return;
  $('confirm').dataset.mid = mid;
  $('confirm-text').textContent = page.active.byMid.get(mid).element.querySelector('.text').textContent.slice(0, 200);
  $('confirm').returnValue = '';
  $('confirm').showModal();
});
$('confirm').addEventListener('close', () => {
  const room = page.active, message = room.byMid.get($('confirm').dataset.mid);
  if ($('confirm').returnValue === 'remove' && message) page.chat.remove({ room: room.key, seq: message.seq, mid: message.mid });
  $('text').focus();
});

document.addEventListener('visibilitychange', read);
addEventListener('offline', paint);
whenShown(() => {
  paintPending();
  announce();
  $('main').toggleAttribute('data-empty', !page.active.messages.length);
});

// MARK: the start

const KEY = 'chatnode';

async function start() {
  // A copy of a tab begins as a new one: the name, its secret and what is unsent are the original's.
  if (!await isOriginal(giveBack)) {
    for (const key of [KEY, 'chatnode.rooms']) stored('sessionStorage', s => s.removeItem(key));
  }
  const storage = stored('sessionStorage', s => s), url = new URL('ws', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  // Beside the page, also under a prefix that a balancer puts before the page's path.
  const chat = page.chat = new ChatClient(url, { storage, parse, key: KEY });
  listen(chat);
  if (chat.view.name) [page.name, page.login] = [chat.view.name, 'in'];
  const { keys, active, drafts } = keptRooms();
  for (const key of keys) enter(key, drafts[key]);
  show(page.rooms.get(active) ?? page.rooms.get(LOBBY) ?? page.rooms.values().next().value);
  const last = stored('localStorage', s => s.getItem('chatnode.name'));
  if (!('isTyped' in $('name').dataset)) $('name').value = page.name || last || '';
  paint();
  paintRooms();
  paintPending();
  $(page.login === 'in' ? 'text' : 'name').focus();
}

// The original of this tab has answered late: it gets its name back.
async function giveBack() {
  page.chat.logout();
  leave('');
}

// A copy of this tab had taken its name over, and has given it back.
regained(() => { if (page.chat?.view.state === 'stopped') page.chat.connect(); });

start();
