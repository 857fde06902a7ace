/** Every interval at which chbackup asks again, tries again or reports. All values are milliseconds. */

const second = 1000;
const minute = 60 * second;

/**
 * The pause before the next look at work that began `elapsedMs` ago: 5 % of that time, so that its
 * end is seen at most 5 % late, but at least 0.1 s and at most 15 s.
 */
export function pollIntervalMs(elapsedMs: number): number {
  return Math.min(15 * second, Math.max(100, elapsedMs * 0.05));
}

/** The pause before a request that got no response is sent again; `attempt` counts from 0. */
export function retryPauseMs(attempt: number): number {
  return Math.min(500 * 2 ** attempt, 5 * second);
}

/** The pauses before an unusable base is checked again: a storage error can look like a lost base. */
export const baseRetryPausesMs: readonly number[] = [20 * second, 35 * second];

/** The pause before an upload that is not on the list yet is looked for again; `attempt` from 0. */
export function verifyPauseMs(attempt: number): number {
  return Math.min(second * 2 ** attempt, minute);
}

/** The time between two lists that must agree before a broken or foreign entry is relied on. */
export const secondListPauseMs = 2 * minute;

/** How long after the start of a phase the next progress line is due: 1, 5, 15, 30, 60, 90 minutes … */
export function nextReportMs(elapsedMs: number): number {
  const early = [minute, 5 * minute, 15 * minute].find((atMs) => atMs > elapsedMs);
  return early ?? (Math.floor(elapsedMs / (30 * minute)) + 1) * 30 * minute;
}
