/**
 * How long monitoring may hold a run up after its end, and its parts, in milliseconds. If name servers do
 * not answer, the process ends later: it cannot exit before getaddrinfo, 5 s to 10 s per name server.
 */

const second = 1000;

/** The limit after the end of a run, retries included. */
export const afterEndMs = 30 * second;

/** The limit after SIGINT or SIGTERM. */
export const afterSignalMs = 3 * second;

/** How much of that is left for what is given up to say what was wrong. */
export const lastMomentMs = 100;

/** How long one request of a ping may take. */
export const requestMs = 10 * second;

/** How long the last ping waits for the start ping, so that they arrive in order. */
export const startPingMs = second;
