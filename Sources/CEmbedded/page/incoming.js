// Hands each message from the server to the module that it concerns.

import { countUnread, showMessage } from './log.js';
import { askNameBack, askNameLater, leave, loggedIn, loggedOut, loginFailed } from './login.js';
import { isFlying, noteRefusal, ownCameBack } from './outbox.js';
import { follow } from './scroll.js';
import { inChat, me, talk } from './state.js';
import { fold } from './tools.js';
import { paint } from './view.js';

export function received(frame) {
  let message;
  try { message = JSON.parse(frame); } catch { return; }
  if (message === null || typeof message !== 'object') return;
  switch (message.type) {
    case 'logged_in': return loggedIn(message);
    case 'login_failure': return loginFailed(message);
    case 'logged_out': return loggedOut(message);
    case 'chat': return heard(message, frame);
    case 'error': return refusedBy(message);
  }
}

function heard(message, frame) {
  if (message.room !== undefined && message.room !== 'lobby') return;
  const author = String(message.username ?? '');
  const mine = inChat() && fold(author) === fold(me.name);
  const plain = typeof message.value === 'string';
  if (mine && plain) ownCameBack(message.value);
  const time = new Date(typeof message.ts === 'number' ? message.ts : Date.now());
  if (isNaN(time)) time.setTime(Date.now());
  if (!mine && (document.hidden || !talk.atEnd)) countUnread();
  showMessage(author, mine, plain ? message.value : rawValue(frame), plain, time);
  paint();
  follow();
}

// The text of a frame's `value` as it was sent, without the white space between tokens. The value that
// JSON.parse returns has long numbers rounded and keys that look like numbers in another order.
function rawValue(frame) {
  const tokens = frame.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g);
  let depth = 0, at = 0, text = '';
  for (; at < tokens.length; at++) {
    if (depth === 1 && tokens[at + 1] === ':' && JSON.parse(tokens[at]) === 'value') break;
    if ('{['.includes(tokens[at])) depth++;
    if ('}]'.includes(tokens[at])) depth--;
  }
  for (at += 2; at < tokens.length; at++) {
    if (depth === 1 && ',}'.includes(tokens[at])) break;
    if ('{['.includes(tokens[at])) depth++;
    if ('}]'.includes(tokens[at])) depth--;
    text += tokens[at];
  }
  return text;
}

// An error does not say which message it answers: the state of this tab decides.
function refusedBy(message) {
  if (message.code === 'unknown_type') return;         // the answer to the page's probe
  const text = typeof message.value === 'string' ? message.value : 'The server refused it';
  const wait = typeof message.retry_ms === 'number' ? message.retry_ms : 0;
  if (me.state === 'asking') return leave(text);
  if (me.state === 'back' && !isFlying()) return askNameLater(wait); // it answers the request for the name
  noteRefusal(text, message.code === 'rate_limited', wait);
  if (message.code === 'not_logged_in' && me.state === 'in') askNameBack(me.name);
}
