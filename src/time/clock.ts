/**
 * The source of time. Everything that waits, or limits a wait, uses this interface, so that tests and
 * demonstrations can pass in another clock.
 */
export interface Clock {
  /** Returns the milliseconds since 1970 by the wall clock, for names and times that are shown. */
  now(): number;
  /** Returns milliseconds that never decrease, for durations and deadlines. */
  elapsed(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason once it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Runs something outside this process (a request, a child) for at most `ms` milliseconds.
   * Its signal is aborted with a `TimeLimitError` at the limit, or with `signal`'s reason.
   */
  limit<T>(ms: number, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** Returns seconds with three decimals. */
export function secondsOf(ms: number): number {
  return Math.round(ms) / 1000;
}

/** The reason with which `limit` aborts when the time is up. */
export class TimeLimitError extends Error {
  override name = 'TimeLimitError' as const;
  readonly ms: number;
  constructor(ms: number) {
    super(`no answer within ${ms / 1000} s`);
    this.ms = ms;
  }
}

/** The longest delay of a Node timer; a longer one would fire immediately. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),

  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.min(Math.max(0, ms), longestTimerMs),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },

  limit: (ms, work, signal) => limitBySleeping(systemClock, ms, work, signal),
};

/** Implements `limit` for a clock that can sleep. */
export async function limitBySleeping<T>(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const timer = new AbortController();
  const outcome = new AbortController();
  const onAbort = () => outcome.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  clock.sleep(ms, timer.signal).then(
    () => outcome.abort(new TimeLimitError(ms)),
    () => undefined,
  );
  try {
    return await work(outcome.signal);
  } finally {
    timer.abort();
    signal?.removeEventListener('abort', onAbort);
  }
}
