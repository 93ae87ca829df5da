/**
 * A client of chatnode's subprotocol `chat.v1` (docs/protocol/chat.v1.md): one file without dependencies, for
 * browsers, workers, Deno and Node 22 or later.
 *
 * It logs in, joins rooms, and comes back by itself after its connection is lost: to the name with its
 * secret, to each room with its position, and to each message that has no `ack` with its number.
 *
 * Where it keeps what it needs to come back after a reload: in `storage`, under `key`. That belongs to
 * one client at a time. In a browser it is `sessionStorage`, which two tabs do not share. A duplicated
 * tab begins with a copy of it, so a page finds out before it makes its client, and clears the copy's;
 * see tab.js. A tab that does not is not evicted in turn for ever: the client whose name is taken over is
 * closed with 4001, and stays away.
 */

/** A place in a room. */
export interface Place { epoch: string; seq: number; mid: string }

/** A message of the outbox, or a removal. */
export interface Entry<Value = unknown> {
  id: string;
  room: string;
  /** What is said. */
  value?: Value;
  /** Which message is taken back. */
  remove?: { seq: number; mid: string; reason?: string };
  /**
   * - `pending`: not acknowledged yet. It is sent, or sent again, as soon as that can be.
   * - `acked`: it is in the room, under `mid`, which is not known if a login told that it was accepted. It
   *   has left the outbox.
   * - `failed`: it is in no room. `code` says why.
   * - `unknown`: the login under which it was sent is gone, and nothing tells whether it was accepted. To
   *   send it again may say it twice: only if the user wants so.
   * - `discarded`: it has left the outbox unsent.
   *
   * A `failed` or `unknown` entry stays in the outbox until `discard`, or until the outbox has 500 entries and
   * needs its place: the oldest one is discarded. To try again, discard it and send its value. What is
   * refused at once (`not_logged_in` without a name, `outbox_full` with 500 that are pending, `too_long` if it has
   * over 16 KiB or is nested over 30 levels deep) does
   * not come into it.
   */
  state: 'pending' | 'acked' | 'failed' | 'unknown' | 'discarded';
  /** Its number within the login, if it was sent. */
  n?: number;
  /** The code of docs/protocol/README.md, or `outbox_full`, `too_long`, `not_logged_in`. */
  code?: string;
  /** A sentence for people. */
  message?: string;
  mid?: string;
  seq?: number;
  ts?: number;
  dup?: boolean;
}

/** A room that the client has joined or wants to join. */
export interface Room {
  key: string;
  state: 'out' | 'joining' | 'in';
  /** Who is present, unless that is not known or they are more than 200. */
  members?: Set<string>;
  count?: number;
}

/** What the client is at present. */
export interface View {
  state: 'connecting' | 'open' | 'waiting' | 'stopped';
  name?: string;
  /** The node at which the client logged in last. */
  node?: string;
  isLoggedIn: boolean;
  outbox: Entry[];
  rooms: Map<string, Room>;
}

/** A frame of a room, as docs/protocol/chat.v1.md has it, with its `room` even if that is the lobby. */
export interface RoomEvent {
  type: 'joined' | 'synced' | 'chat' | 'removed' | 'presence' | 'typing' | 'gap' | 'reset' | (string & {});
  room: string;
  username?: string;
  value?: unknown;
  seq?: number;
  ts?: number;
  mid?: string;
  [key: string]: unknown;
}

export interface Stored {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export interface Options {
  /** The name to log in with; without one that of the storage; without either the client only reads. */
  name?: string;
  /** Keeps the name's secret, the positions and the outbox. A name other than its own makes it forget. */
  storage?: Stored | null;
  /** The storage's key; `chatnode` without one. */
  key?: string;
  /** Closes the client when it is aborted. */
  signal?: AbortSignal;
  /** The class to open sockets with, if not the global one. */
  WebSocket?: unknown;
  /** Reads a frame, if not `JSON.parse`. */
  parse?(text: string): any;
  random?(): number;
}

export interface History { items: RoomEvent[]; more: boolean }

/**
 * Events have what happened in `detail`:
 *
 * - every frame of a room under its type, and all of them also as `room`: {@link RoomEvent}. A `joined` has
 *   `hole: true` if what lies before it is not known. `gap`,
 *   `reset` and `removed` tell what has become of messages that were heard before, and of those that never
 *   will be;
 * - `outbox`: {@link Entry}, whenever its state changes;
 * - `state`: `state`, and `wait_ms` until the next connection, or until an attempt is given up; `code` and
 *   `reason` if it has stopped;
 * - `logged_in`, `logged_out`, `status`, `error` and types of later versions: the frame;
 * - `login_failure`: the frame with `isFinal`: whether the client has given the name up.
 *
 * A message's `ack` and its `chat` come in either order; both have its `mid`.
 */
export class ChatClient extends EventTarget {
  /** Connects. An address that is none throws a `SyntaxError`. */
  constructor(url: string | URL, options?: Options);
  readonly view: View;
  /** Connects again after it has stopped. */
  connect(): void;
  /**
   * Ends the connection for good. The name lingers; `logout` first gives it up. Promises that are not
   * settled by then reject with the code `closed`: entries stay in the storage, for the next client.
   */
  close(): void;
  /** Looks at once whether the connection lives, or tries to connect at once. */
  probe(): void;
  login(name: string): void;
  logout(): void;
  /**
   * Hears a room: from the kept position, which `fresh` makes it forget, or from its newest `history`
   * messages.
   */
  join(room?: string, options?: { history?: number; fresh?: boolean }): void;
  /** Leaves it, and forgets its position. */
  leave(room?: string): void;
  /** Tells a room that the user is typing, at most every three seconds. */
  typing(room?: string): void;
  /** Older messages of a room that was joined. One request of a room at a time; it rejects if the room is left. */
  history(room?: string, options?: { before?: number; limit?: number }): Promise<History>;
  /**
   * Says a copy of a value; ends when it is acknowledged. Rejects with an error that has the entry's `code` or
   * state. At most 20 messages leave in a second; others wait.
   */
  send(value: unknown, options?: { room?: string }): Promise<Entry>;
  /** Takes a message back. */
  remove(which: { room?: string; seq: number; mid: string; reason?: string }): Promise<Entry>;
  /** Takes an entry that is not on its way out of the outbox. */
  discard(id: string): void;
  /**
   * The frames of a room, from now on, until the signal or `close`. Throws `too_slow` if more than 20,000
   * wait to be read.
   */
  events(room?: string, options?: { signal?: AbortSignal }): AsyncGenerator<RoomEvent, void, void>;
}

/** What `ChatClient` does for the machine, in this order. */
export type Effect =
  | { do: 'dial'; socket: number }
  | { do: 'send'; socket: number; message: Record<string, unknown> }
  | { do: 'close'; socket: number; code: number }
  | { do: 'save'; value: Kept }
  | { do: 'tell'; type: string; detail: any };

/** What the storage keeps, as JSON. */
export interface Kept { name?: string; session?: string; outbox?: Entry[]; places?: Record<string, Place> }

/** An event: `{ type, … }`, as `ChatClient` makes them. */
export interface MachineEvent { type: string; [key: string]: unknown }

/**
 * The client's decisions, without socket, clock and store. `handle` takes an event and a time in milliseconds
 * that never goes back; a `wake` is due at `wakeAt`.
 */
export interface Machine {
  handle(event: MachineEvent, time: number): { effects: Effect[]; wakeAt: number };
  readonly view: View;
}

export function createMachine(kept: Kept & { random?(): number }): Machine;
