// A message's text as nodes: addresses become links, names after an @ are set off.

import { page } from './state.js';
import { fold, make } from './tools.js';

// In the middle of a word an @ begins no name: a mail address, for example.
const PARTS = /(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]}])|((?<![\p{L}\p{N}])@[\p{L}\p{N}][\p{L}\p{M}\p{N}_.'-]*)/gu;

/** Returns the nodes, and whether the text mentions this tab's name. */
export function nodesOf(text) {
  const nodes = [];
  let end = 0, isMention = false;
  for (const match of text.matchAll(PARTS)) {
    const [whole, address, name] = match;
    nodes.push(text.slice(end, match.index), address ? link(address) : mention(whole));
    if (name && isMe(name)) isMention = true;
    end = match.index + whole.length;
  }
  return { nodes: [...nodes, text.slice(end)], isMention };
}

function link(address) {
  const element = make('a', '', address);
  element.href = address;
  element.target = '_blank';
  element.rel = 'noopener noreferrer';
  return element;
}

// A sentence may end right after the name. The expression is tried at one place only: it costs what the text is long.
function isMe(name) {
  const said = fold(name.slice(1)), own = fold(page.name);
  return own && said.startsWith(own) && /^[.'-]*$/.test(said.slice(own.length));
}

const mention = name => make('b', isMe(name) ? 'mention me' : 'mention', name);
