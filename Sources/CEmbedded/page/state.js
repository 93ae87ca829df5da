// Holds the values that several modules of the page share. Each field says which module changes it.

export const page = {
  chat: null,                        // the client, chatnode.js (main.js)
  rooms: new Map(),                  // Room objects by name, in the order of the list (rooms.js)
  active: null,                      // the room that is shown (rooms.js)
  name: '',                          // the name of this tab, also while it is asked for (login.js)
  // out: the form is shown · asking: the form asked for the name · in: this tab has the name, also while
  // the connection is gone (login.js)
  login: 'out',
};

/** A room of this tab. */
export class Room {
  constructor(key) {
    this.key = key;
    this.body = document.createElement('div');  // the messages, as they are shown (log.js)
    this.messages = [];              // in order: { seq, mid, author, isMine, time, element } (log.js)
    this.byMid = new Map();
    this.accepted = new Map();       // own entries that are acknowledged and not heard yet, by mid (pending.js)
    this.unread = this.mentions = 0; // of others, since the reader was last at the end (log.js, scroll.js)
    this.atEnd = true;               // the reader is at the end, and the page scrolls to keep it so (scroll.js)
    this.top = 0;                    // how far it was scrolled when it was last shown (rooms.js)
    this.hasMore = this.isAsking = false;  // whether older messages may be kept; are asked for (scroll.js)
    this.before = Infinity;          // older messages have numbers below it (main.js, log.js, scroll.js)
    this.isSynced = false;           // all that was missed is there (main.js)
    this.caughtUp = -1;              // messages since the client is back; -1: it has not been away (main.js)
    this.typing = new Map();         // who types, until when (people.js)
    this.row = null;                 // its place in the list (rooms.js)
    this.draft = '';                 // what stands in the field while another room is shown (rooms.js)
  }
}

export const isLocked = () => page.login !== 'in';
