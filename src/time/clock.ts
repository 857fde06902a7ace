/**
 * Time, as the program sees it. Everything that waits, or limits a wait, asks
 * this interface, so that a test or a demonstration can pass another time in.
 */
export interface Clock {
  /** Milliseconds since 1970, the wall clock: for names and what a person reads. */
  now(): number;
  /** Milliseconds that never run backwards: for durations and deadlines. */
  elapsed(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason once it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Runs something outside this process (a request, a child) for at most `ms` milliseconds.
   * Its signal is aborted with a `TimeLimitError` at the limit, or with `signal`'s reason.
   */
  limit<T>(ms: number, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** The reason a `limit` gives when its time is up. */
export class TimeLimitError extends Error {
  override name = 'TimeLimitError' as const;
  readonly ms: number;
  constructor(ms: number) {
    super(`no answer within ${ms / 1000} s`);
    this.ms = ms;
  }
}

/** The longest delay that a Node timer takes; beyond it, it would fire at once. */
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

/** `limit` for any clock that can sleep. */
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
