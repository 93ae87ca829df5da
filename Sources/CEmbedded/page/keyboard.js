// The keys that work everywhere in the page, and the list of them.

import { scroller, toEnd } from './scroll.js';
import { inChat } from './state.js';
import { $ } from './tools.js';

addEventListener('keydown', event => {
  if ($('keys').open || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches('input, textarea');
  const page = { PageUp: -1, PageDown: 1 }[event.key];
  if (page && event.target !== scroller) {
    event.preventDefault();
    scroller.scrollBy({ top: page * scroller.clientHeight * .85 });
  } else if (event.key === 'Escape') {
    toEnd();
  } else if (!typing && event.key === '?') {
    $('keys').showModal();
  } else if (!typing && event.key === '/') {
    event.preventDefault();
    $(inChat() ? 'text' : 'name').focus();
  }
});
$('keys-open').addEventListener('click', () => $('keys').showModal());
