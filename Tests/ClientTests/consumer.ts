// A program that is never run: the compiler checks that chatnode.d.ts describes what it uses.

import { ChatClient, createMachine, type Effect, type Entry, type Place } from '../../Sources/CEmbedded/page/chatnode.js';

const end = new AbortController();
const chat = new ChatClient('ws://127.0.0.1:4567/ws', { name: 'Ada', storage: sessionStorage, signal: end.signal });
chat.join('tea', { history: 20 });
chat.addEventListener('outbox', (event) => show((event as CustomEvent<Entry>).detail));

async function talk(): Promise<void> {
  const { mid, seq }: Entry = await chat.send({ any: 'value' }, { room: 'tea' });
  if (mid && seq) await chat.remove({ room: 'tea', seq, mid });
  const { items, more } = await chat.history('tea', { before: items_first(), limit: 50 });
  for await (const event of chat.events('tea', { signal: end.signal })) {
    if (event.type === 'gap') console.log(event.from, event.to, items.length, more);
  }
  // @ts-expect-error: a room's name is a text
  chat.join(7);
}

function items_first(): number { return 1; }
function show(entry: Entry): void { if (entry.state === 'unknown') chat.discard(entry.id); }

const machine = createMachine({ name: 'Ada', places: {} as Record<string, Place> });
const effects: Effect[] = machine.handle({ type: 'connect' }, 0).effects;
for (const effect of effects) if (effect.do === 'dial') console.log(effect.socket);
void talk();
