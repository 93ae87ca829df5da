// The message field, and this tab's messages that are not in the conversation yet: pending, sent, failed.

import { SENDING } from './limits.js';
import { clearMark } from './log.js';
import { follow } from './scroll.js';
import { page } from './state.js';
import { $, make, quoted, say, setText, trouble } from './tools.js';

const NOT_CONFIRMED = 'Not confirmed: it may have been sent.';
const REFUSED = { too_long: 'Too long: a message has 16 KiB at most.', outbox_full: 'Too many messages wait to be sent.' };
const seen = new Map();              // since when each pending entry is shown, by id

// MARK: from the field

function submit() {
  const text = $('text').value.trimEnd(), room = page.active;
  if (!text.trim()) return;
  trouble('text', '');
  let refused = '';
  const hear = ({ detail }) => { if (detail.state === 'failed') refused = detail.code; };
  page.chat.addEventListener('outbox', hear);
  page.chat.send(text, { room: room.key });
  page.chat.removeEventListener('outbox', hear);
  if (refused) return trouble('text', REFUSED[refused] ?? 'Not sent.');
  $('text').value = '';
  fit();
  clearMark(room);
  room.atEnd = true;
  follow();
}

// Gives the field the height of its text, in browsers that do not do so by themselves.
function fit() {
  if (CSS.supports('field-sizing', 'content')) return;
  $('text').style.height = 'auto';
  $('text').style.height = `${$('text').scrollHeight + 2}px`;
}

$('compose').addEventListener('submit', event => { event.preventDefault(); submit(); $('text').focus(); });
$('text').addEventListener('input', () => {
  trouble('text', '');
  fit();
  if ($('text').value.trim()) page.chat.typing(page.active.key);
});
$('text').addEventListener('keydown', event => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
    event.preventDefault();
    submit();
  }
});

// MARK: what has become of it

/** Takes a change of an entry of the outbox. */
export function changed(entry) {
  const room = page.rooms.get(entry.room);
  if (entry.remove) return removalChanged(entry);
  // Without a `mid` it is found accepted after a return, and comes with what was missed.
  if (entry.state === 'acked' && entry.mid && room && !room.byMid.has(entry.mid)) room.accepted.set(entry.mid, entry);
  if (entry.state === 'failed' || entry.state === 'unknown') say(labelOf(entry));
  paintPending();
}

// A removal is shown in the message itself, once it is heard.
function removalChanged(entry) {
  if (entry.state !== 'failed' && entry.state !== 'unknown') return;
  page.chat.discard(entry.id);
  if (entry.state === 'failed') setText('news', `Not removed: ${entry.message ?? 'the server refused it'}`);
}

function labelOf({ state, message, code }) {
  if (state === 'unknown') return NOT_CONFIRMED;
  if (state === 'failed') return code === 'not_logged_in' ? 'Not sent.' : `Not sent: ${message ?? code}`;
  return page.chat.view.isLoggedIn ? 'Sending…' : 'Waiting for the connection';
}

/** Shows the entries of the room that is shown. */
export function paintPending() {
  if (!page.active) return;
  const { outbox, isLoggedIn } = page.chat.view, now = Date.now();
  const own = outbox.filter(entry => entry.room === page.active.key && !entry.remove);
  const late = [];
  const rows = [...page.active.accepted.values(), ...own].map(entry => {
    const since = seen.get(entry.id) ?? now, wait = since + SENDING - now;
    seen.set(entry.id, since);
    const isQuiet = entry.state === 'acked' || entry.state === 'pending' && isLoggedIn && wait > 0;
    if (isQuiet && entry.state === 'pending') late.push(wait);
    return row(entry, isQuiet ? '' : labelOf(entry));
  });
  for (const id of seen.keys()) if (!outbox.some(entry => entry.id === id)) seen.delete(id);
  const hadFocus = $('outbox').contains(document.activeElement);
  for (const child of [...$('outbox').children]) if (!rows.includes(child)) child.remove();
  rows.forEach((child, at) => { if ($('outbox').children[at] !== child) $('outbox').insertBefore(child, $('outbox').children[at] ?? null); });
  if (hadFocus && !$('outbox').contains(document.activeElement)) $('text').focus();
  if (late.length) setTimeout(paintPending, Math.min(...late) + 1);
  follow();
}

// An entry's row stays the same element as long as it says the same: a click that has begun is not lost.
function row(entry, label) {
  const old = $('outbox').querySelector(`[data-id="${entry.id}"]`);
  const shown = [entry.state, Boolean(entry.n), label].join();
  if (old?.dataset.shown === shown) return old;
  const text = make('div', 'text', entry.value);
  text.dir = 'auto';
  const isFailed = entry.state === 'failed' || entry.state === 'unknown';
  const state = isFailed ? 'failed' : entry.state === 'acked' ? 'accepted' : entry.n ? 'flying' : 'waiting';
  const bar = make('div', 'state', make('span', '', label));
  if (isFailed) bar.append(...buttons(entry));
  const item = make('li', state, make('div', 'bubble', text), bar);
  item.dataset.id = entry.id;
  item.dataset.shown = shown;
  return item;
}

function buttons({ id, value, room }) {
  const act = (word, call) => {
    const button = make('button', 'button quiet', word);
    button.type = 'button';
    button.setAttribute('aria-label', `${word} ${quoted(String(value))}`);
    button.addEventListener('click', () => {
      // Without a name it could not be sent again.
      if (word === 'Retry' && !page.chat.view.name) return;
      page.chat.discard(id);
      call();
      $('text').focus();
    });
    return button;
  };
  return [act('Retry', () => page.chat.send(value, { room })), act('Discard', () => {})];
}
