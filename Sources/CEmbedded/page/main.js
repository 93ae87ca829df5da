// Connects the modules, and starts the page. Modules import each other in one direction only: this one
// imports those that the others do not know.

import { connect, listen, probe } from './connection.js';
import { received } from './incoming.js';
import './keyboard.js';
import { SLEPT } from './limits.js';
import { noteAway } from './log.js';
import { askNameBack, connectionLost, connectionOpened, leave } from './login.js';
import { follow, read } from './scroll.js';
import { inChat, link, me } from './state.js';
import { isOriginal } from './tab.js';
import { $, stored } from './tools.js';

listen({
  opened(lostAt) {
    if (lostAt) { noteAway(lostAt); follow(); }
    connectionOpened();
  },
  lost: connectionLost,
  received,
});

$('banner-act').addEventListener('click', () => {
  if (link.state === 'open') leave('');
  else if (link.state !== 'connecting') connect();
  if (inChat()) $('text').focus();
});

let hiddenAt = 0;
document.addEventListener('visibilitychange', () => {
  if (document.hidden) { hiddenAt = Date.now(); return; }
  if (Date.now() - hiddenAt > SLEPT) probe();
  if (link.state === 'waiting') connect();
  read();
  follow();
});

// A tab that was logged in before a reload logs in again; a copy of it does not, so that two tabs never
// take a name from each other. All tabs share the name that the form suggests.
async function start() {
  const before = stored('sessionStorage', s => s.getItem('chatnode.in'));
  const original = isOriginal(() => { if (me.state === 'back') leave(''); });
  connect();
  // Unless the user was in the field before this module was loaded.
  if (document.activeElement !== $('name')) {
    $('name').value = stored('localStorage', s => s.getItem('chatnode.name')) ?? '';
    $('name').focus();
    $('name').select();
  }
  const back = await original;
  if (!before || me.state !== 'out') return;
  if (!back) return stored('sessionStorage', s => s.removeItem('chatnode.in'));
  if (me.isTyped) return;            // meanwhile the user has begun to type another name
  askNameBack(before);
  $('text').focus();
}
start();
