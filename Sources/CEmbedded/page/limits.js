// Every bound of the page. Times are in milliseconds.

export const HISTORY = 50;                  // messages that are shown when a room is joined, and per scroll upwards
export const NEAR_TOP = 300;                // pixels: older messages are asked for this near to the top
export const NEAR_END = 32;                 // pixels: a reader this near to the end counts as at the end
export const KEPT = 2000;                   // messages of a room in the page; older ones are taken out
export const SENDING = 400;                 // before a message without an answer is shown as being sent
export const HANDS_ON = 500;                // a scroll this soon after a touch of wheel, screen or key is the reader's
export const PROOF_LIMIT = 1000;            // another tab of this browser answers within milliseconds
export const GROUP_GAP = 300000;            // one author's messages under one name: the time between two
export const TYPING_SHOWN = 6000;           // after the last word of somebody's typing; it comes every three seconds
export const NEWS_SHOWN = 8000;             // how long a line such as "Back online" stays
export const NAMES_SHOWN = 200;             // a node tells no more names of a room
