// Connects chatnode.js with `chatnode conform`: lines of JSON in and out, as its page in docs/protocol says.
//
//   chatnode conform --except C1 --except C27 --client 'node Tests/ClientTests/adapter.js [CLIENT]'   (Node 22)
//
// CLIENT is the file of another client with the same interface; a test breaks rules with it.

import { createInterface } from 'node:readline';
import { readFile } from 'node:fs/promises';
import process from 'node:process';

const [, , file = new URL('../../Sources/CEmbedded/page/chatnode.js', import.meta.url)] = process.argv;
const { ChatClient } = await import(`data:text/javascript,${encodeURIComponent(await readFile(file, 'utf8'))}`);

const see = (event) => console.log(JSON.stringify(event));
const keys = new Map(), early = [], reading = new Map();
let chat, slept = 0, going = Promise.resolve(), goOn;
const now = Date.now;
Date.now = () => now() + slept;

const heard = {
  chat: ({ room, seq, mid, value }) => see({ see: 'entry', room, seq, mid, value }),
  removed: ({ room, of, mid }) => see({ see: 'removed', room, mid: of?.mid ?? mid }),
  gap: ({ room, from, to }) => see({ see: 'gap', room, from, to }),
  reset: ({ room, seq }) => see({ see: 'reset', room, seq }),
  joined: ({ room, hole }) => { if (hole) see({ see: 'hole', room }); },
};

// An application that takes one event after the other, and none while it is paused.
async function read(room, signal) {
  for await (const event of chat.events(room, { signal })) {
    await going;
    heard[event.type]?.(event);
  }
}

const told = {
  outbox: ({ id, value, state }) => {
    if (state === 'pending' || state === 'discarded') return;
    see({ see: 'settled', key: keys.get(JSON.stringify(value)), state: state === 'acked' ? 'acknowledged' : state });
    if (state !== 'acked') setTimeout(() => chat.discard(id));
  },
  login_failure: ({ isFinal }) => { if (isFinal) chat.close(); },
  state: ({ state }) => { if (state === 'stopped') see({ see: 'stopped' }); },
};

const doing = {
  connect({ url, name }) {
    chat = new ChatClient(url, { name });
    for (const [type, hear] of Object.entries(told)) chat.addEventListener(type, ({ detail }) => hear(detail));
    for (const line of early.splice(0)) doing[line.do](line);
  },
  join({ room }) {
    const end = new AbortController();
    reading.get(room)?.abort();
    reading.set(room, end);
    read(room, end.signal);
    chat.join(room);
  },
  leave: ({ room }) => chat.leave(room),
  send({ room, value, key }) { keys.set(JSON.stringify(value), key); chat.send(value, { room }); },
  async logout() {
    while (chat.view.outbox.length) await new Promise((resolve) => chat.addEventListener('outbox', resolve, { once: true }));
    chat.addEventListener('logged_out', () => chat.close());
    chat.logout();
  },
  pause() { going = new Promise((resolve) => { goOn = resolve; }); },
  'go on'() { goOn(); },
  sleep({ ms }) { slept += ms; },
};

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (chat || asked.do === 'connect') doing[asked.do]?.(asked); else early.push(asked);
}
process.exit(0);
