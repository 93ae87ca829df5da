// Every bound of the page. Times are in milliseconds.

export const FRAME_BYTES = 16 * 1024;       // the server's limit of a message; it closes on a longer one (1009)
export const BACKOFF = 500, BACKOFF_CAP = 20000; // the longest pause before the first new attempt to connect, and before any
export const CONNECT_LIMIT = 10000;         // the server's own limit of a handshake
export const STABLE = 10000;                // a connection that lasted this long resets the back-off
export const NAME_CAP = 5000;               // the longest pause between two requests for the tab's own name
export const NAME_LIMIT = 45000;            // the server notices a dead socket after 25 s + 8 s and frees its name
export const ANSWER_LIMIT = 10000;          // a message that has not come back by then is not confirmed
export const PROBE_LIMIT = 8000;            // the time that the server, too, gives a client to answer its pings
export const PAUSE = 50, PAUSE_CAP = 5000;  // between two messages, after the server has refused one as too fast
export const SENDING = 400;                 // before a message that has not come back is shown as being sent
export const HANDS_ON = 500;                // a scroll this soon after a touch of wheel, screen or key is the reader's
export const SLEPT = 30000;                 // a tab hidden for longer than this checks its connection
export const PROOF_LIMIT = 1000;            // another tab of this browser answers within milliseconds
export const GROUP_GAP = 300000, GROUP_SIZE = 50; // one author's messages under one name: time between two, and number
export const KEPT = 2000;                   // messages in the page; older ones are removed
export const NEAR_END = 32;                 // pixels: a reader this near to the end counts as at the end
