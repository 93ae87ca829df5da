// The list of people in the shown room, and the line that says who types there.

import { NAMES_SHOWN, TYPING_SHOWN } from './limits.js';
import { page } from './state.js';
import { $, avatar, fold, make, plural, setText } from './tools.js';

let timer;

export function paintPeople() {
  const room = page.active && page.chat?.view.rooms.get(page.active.key);
  const count = room?.count ?? room?.members?.size;
  setText('people-count', count === undefined ? '' : `${count}`);
  $('people-open').setAttribute('aria-label', count === undefined ? 'Who is here' : `Who is here: ${plural(count, 'person', 'people')}`);
  const names = [...room?.members ?? []].sort((a, b) => a.localeCompare(b));
  const shown = names.join('\n');
  if ($('people').dataset.shown !== shown) {
    $('people').dataset.shown = shown;
    $('people').replaceChildren(...names.map(name => make('li', '', avatar(make('span'), name), make('bdi', '', name), isMe(name) ? ' (you)' : '')));
  }
  const isUnknown = page.chat?.view.state === 'open' ? 'Nobody who has logged in.' : 'Not known while the connection is gone.';
  setText('people-note', names.length ? '' : count > NAMES_SHOWN ? `${count} people: too many to list.` : isUnknown);
}

const isMe = name => page.name && fold(name) === fold(page.name);

export function heardTyping(room, users) {
  for (const name of users ?? []) if (!isMe(name)) room.typing.set(name, Date.now() + TYPING_SHOWN);
  paintTyping();
}

/** Somebody who has said something does not type it any more. */
export function stoppedTyping(room, name) { if (room.typing.delete(name)) paintTyping(); }

export function paintTyping() {
  clearTimeout(timer);
  const typing = page.active?.typing ?? new Map();
  for (const [name, end] of typing) if (end <= Date.now()) typing.delete(name);
  const names = [...typing.keys()];
  const who = names.length > 3 ? 'Several people' : names.join(names.length === 2 ? ' and ' : ', ');
  setText('typing', names.length ? `${who} ${names.length === 1 ? 'is' : 'are'} typing…` : '');
  if (names.length) timer = setTimeout(paintTyping, Math.min(...typing.values()) - Date.now() + 1);
}
