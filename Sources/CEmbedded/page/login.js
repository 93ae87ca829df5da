// The name of this tab: asking for it, having it, and leaving.

import { page } from './state.js';
import { $, say, stored, trouble } from './tools.js';
import { loginRefused, paint } from './view.js';

export function loggedIn({ username, resumed }) {
  const isBack = page.login === 'in';
  page.name = username;
  page.login = 'in';
  stored('localStorage', s => s.setItem('chatnode.name', username));
  loginRefused(null);
  say(isBack ? (resumed ? 'Connected again' : 'Logged in again') : `You are in as ${username}`);
  if (!isBack) $('text').focus();
}

export function loginFailed(message) {
  if (!message.isFinal) return loginRefused(message);
  leave(message.message ?? 'That did not work. Try again.');
}

// Shows the form again. Tells the server nothing.
export function leave(why) {
  page.login = 'out';
  trouble('name', why);
  $('name').value = page.name;
  loginRefused(null);
  $('name').focus();
  $('name').select();
}

/** Gives the name up. */
export function logOut() {
  page.chat.logout();
  leave('');
}

$('join').addEventListener('submit', event => {
  event.preventDefault();
  const name = $('name').value.trim();
  if (!name) return trouble('name', 'Type a name first.'), $('name').focus();
  trouble('name', '');
  page.name = name;
  page.login = 'asking';
  page.chat.login(name);
  if (page.chat.view.state !== 'open') page.chat.connect();
  paint();
});
$('name').addEventListener('input', () => { $('name').dataset.isTyped = ''; trouble('name', ''); });
$('logout').addEventListener('click', logOut);
