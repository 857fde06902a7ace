/** All intervals at which chbackup polls, retries or reports, in milliseconds. */

const second = 1000;
const minute = 60 * second;

const shortestMs = 100;

/**
 * Returns the pause before the next poll of an operation that began `elapsedMs` ago: 5% of that time,
 * so that its end is noticed at most 5% late, but at least `leastMs` and at most 15 s.
 */
export function pollIntervalMs(elapsedMs: number, leastMs: number = shortestMs): number {
  return Math.min(15 * second, Math.max(leastMs, elapsedMs * 0.05));
}

/** Returns the shortest pause between two polls: longer for many shards, which are polled in one process. */
export function shortestPauseMs(shards: number): number {
  return Math.max(shortestMs, shards * 5);
}

/** How long a shard waits for others that are about to ask for a name, so that they get the same time. */
export const namesTogetherMs = 500;

/** Returns the pause before a request without a response is sent again; `attempt` counts from 0. */
export function retryPauseMs(attempt: number): number {
  return Math.min(500 * 2 ** attempt, 5 * second);
}

/** The pauses before an unusable base is checked again: a storage error can look like a lost base. */
export const baseRetryPausesMs: readonly number[] = [20 * second, 35 * second];

/** Returns the pause before the next list if an upload is not on it yet; `attempt` counts from 0. */
export function verifyPauseMs(attempt: number): number {
  return Math.min(second * 2 ** attempt, minute);
}

/** The time between two lists that must agree before a broken or foreign entry is relied on. */
export const secondListPauseMs = 2 * minute;

/** How long `check` may take, unless it also reads the tables of backups. */
export const longestCheckMs = 2 * minute;

/** How long `check` waits for a busy or silent server, even if the settings allow more for backups. */
export const longestCheckWaitMs = minute;

/** The pause before `check` reads a list again that looks bad. */
export const secondLookPauseMs = 20 * second;

/** The time between two looks at how long a long request has been in progress. */
export const progressMs = second;

/** Returns when a phase's next progress line is due: 1, 5, 15, 30, 60, 90 … minutes after its start. */
export function nextReportMs(elapsedMs: number): number {
  const early = [minute, 5 * minute, 15 * minute].find((atMs) => atMs > elapsedMs);
  return early ?? (Math.floor(elapsedMs / (30 * minute)) + 1) * 30 * minute;
}
