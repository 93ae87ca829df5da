// The name of this tab: asking for it, getting it back after the connection was lost, and leaving.

import { connect, transmit } from './connection.js';
import { NAME_CAP, NAME_LIMIT } from './limits.js';
import { drain, failWaiting, forgetFlight } from './outbox.js';
import { link, me } from './state.js';
import { $, fold, jitter, quoted, say, stored, trouble } from './tools.js';
import { paint } from './view.js';

let attempts = 0, timer;

export function askName() {
  clearTimeout(timer);
  timer = undefined;
  if (link.state === 'open') transmit({ type: 'login', username: me.name });
}

// Asks for the name again after the server's own `wait` and a random pause.
export function askNameLater(wait) {
  timer ??= setTimeout(askName, wait + jitter(attempts++, NAME_CAP));
}

// Asks for a name that this tab has had.
export function askNameBack(name) {
  me.name = name;
  me.state = 'back';
  askName();
  paint();
}

export function loggedIn(message) {
  if (me.state === 'out') {          // the answer to a request that the user has since withdrawn
    transmit({ type: 'logout', username: message.username });
    return;
  }
  if (typeof message.username !== 'string' || fold(message.username) !== fold(me.name)) return;
  const back = me.state === 'back';
  me.name = message.username;
  me.state = 'in';
  attempts = me.waitingSince = 0;
  me.isTaken = false;
  link.node = typeof message.node === 'string' ? message.node : '';
  stored('localStorage', s => s.setItem('chatnode.name', me.name));
  stored('sessionStorage', s => s.setItem('chatnode.in', me.name));
  say(back ? 'Connected again' : `You are in as ${me.name}`);
  paint();
  if (!back) $('text').focus();
  drain();
}

export function loginFailed(message) {
  if (message.username && fold(String(message.username)) !== fold(me.name)) return;
  const wait = typeof message.retry_ms === 'number' ? message.retry_ms : 0;
  if (me.state === 'back' && (message.value === 'taken' || message.value === 'unavailable')) {
    // Most likely this tab's own old socket holds the name: the server has not noticed its end yet.
    me.isTaken = message.value === 'taken';
    me.waitingSince ||= Date.now();
    if (!me.isTaken || Date.now() - me.waitingSince < NAME_LIMIT) {
      timer = setTimeout(askName, wait + jitter(attempts++, NAME_CAP));
      return paint();
    }
  }
  if (me.state !== 'asking' && me.state !== 'back') return;
  const why = {
    taken: `${quoted(me.name)} is taken. Pick another name.`,
    invalid: `${quoted(me.name)} is not a valid name.`,
    forbidden: `${quoted(me.name)} is reserved. Pick another name.`,
    unavailable: 'The server cannot log anybody in right now. Try again in a moment.',
  }[message.value];
  leave(typeof message.message === 'string' ? message.message : why ?? 'That did not work. Try again.');
}

export function loggedOut(message) {
  if (me.state !== 'in') return;
  if (message.reason === 'lease_lost') {   // the node lost its lease on the name, which may be free again
    me.state = 'back';
    me.waitingSince = Date.now();
    forgetFlight();
    askName();
    return paint();
  }
  leave(message.reason ? `You were logged out (${message.reason}).` : '');
}

export function connectionOpened() {
  if (me.state === 'asking' || me.state === 'back') askName();
}

export function connectionLost() {
  clearTimeout(timer);
  timer = undefined;
  if (me.state === 'in') me.state = 'back';
  me.waitingSince = 0;
  forgetFlight();
}

// Shows the form again. Tells the server nothing.
export function leave(why) {
  clearTimeout(timer);
  timer = undefined;
  me.state = 'out';
  me.isTaken = false;
  attempts = me.waitingSince = 0;
  stored('sessionStorage', s => s.removeItem('chatnode.in'));
  forgetFlight();
  failWaiting();
  trouble('name', why);
  $('name').value = me.name;
  paint();
  $('name').focus();
  $('name').select();
}

$('join').addEventListener('submit', event => {
  event.preventDefault();
  const name = $('name').value.trim();
  if (!name) return trouble('name', 'Type a name first.'), $('name').focus();
  trouble('name', '');
  me.name = name;
  me.state = 'asking';
  askName();
  if (link.state === 'waiting') connect();
  paint();
});
$('name').addEventListener('input', () => { me.isTyped = true; trouble('name', ''); });
$('logout').addEventListener('click', () => {
  if (me.state === 'in') transmit({ type: 'logout', username: me.name });
  leave('');
});
