// Connects chatnode.js with `chatnode conform`: lines of JSON in and out, as its page in docs/protocol says.
//
//   chatnode conform --client 'node Tests/ClientTests/adapter.js'      (Node 22 or later)

import { createInterface } from 'node:readline';
import { readFile } from 'node:fs/promises';

const text = await readFile(new URL('../../Sources/CEmbedded/page/chatnode.js', import.meta.url), 'utf8');
const { ChatClient } = await import(`data:text/javascript,${encodeURIComponent(text)}`);

const keys = new Map(), early = [];
let chat, slept = 0, paused = null;
const now = Date.now;
Date.now = () => now() + slept;

function see(event) {
  if (paused) paused.push(event); else console.log(JSON.stringify(event));
}

const heard = {
  chat: ({ room, seq, mid, value }) => see({ see: 'entry', room, seq, mid, value }),
  removed: ({ room, of, mid }) => see({ see: 'removed', room, mid: of?.mid ?? mid }),
  gap: ({ room, from, to }) => see({ see: 'gap', room, from, to }),
  reset: ({ room, seq }) => see({ see: 'reset', room, seq }),
  joined: ({ room, hole }) => { if (hole) see({ see: 'hole', room }); },
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
    for (const [type, hear] of Object.entries(heard)) chat.addEventListener(type, ({ detail }) => hear(detail));
    for (const line of early.splice(0)) doing[line.do](line);
  },
  join: ({ room }) => chat.join(room),
  leave: ({ room }) => chat.leave(room),
  send({ room, value, key }) { keys.set(JSON.stringify(value), key); chat.send(value, { room }); },
  async logout() {
    while (chat.view.outbox.length) await new Promise((resolve) => chat.addEventListener('outbox', resolve, { once: true }));
    chat.addEventListener('logged_out', () => chat.close());
    chat.logout();
  },
  pause() { paused = []; },
  'go on'() { const events = paused ?? []; paused = null; events.forEach(see); },
  sleep({ ms }) { slept += ms; },
};

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (chat || asked.do === 'connect') doing[asked.do]?.(asked); else early.push(asked);
}
process.exit(0);
