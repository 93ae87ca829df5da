// Holds the values that several modules of the page share. Each field says which module changes it.

// The connection to a node (connection.js; `node` also login.js).
export const link = {
  state: 'connecting',               // connecting, open, waiting (for the next attempt), stopped
  attempts: 0,                       // that failed in a row
  retryAt: 0,                        // when the next attempt begins
  lostAt: 0,                         // when an open connection was lost; 0 if none was since the last one opened
  stopText: '',                      // why the page does not connect again by itself
  node: '',                          // the node at which this tab is logged in
};

// The name of this tab (login.js).
export const me = {
  name: '',
  // out: the form is shown · asking: the form asked for the name · in: logged in ·
  // back: was logged in, and asks for the same name again
  state: 'out',
  waitingSince: 0,                   // since when a tab in the state `back` waits for its name; 0 if it was not refused
  isTaken: false,                    // whether it waits because another socket holds the name
  isTyped: false,                    // whether the name was edited since the page was loaded
};

export const inChat = () => me.state === 'in' || me.state === 'back';

// The conversation as it is shown (log.js, scroll.js).
export const talk = {
  shown: 0,                          // messages in the page
  unread: 0,                         // of others, since the reader was last at the end
  atEnd: true,                       // the reader is at the end, and the page scrolls to keep it so
};

// This tab's messages that are not sent yet, in the order in which they are shown (outbox.js).
export const outbox = [];
