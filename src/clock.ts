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

/** How long a run may wait for others (a busy server, another chbackup): one sum for all its waits. */
export class WaitBudget {
  private leftMs: number;
  readonly totalMs: number;

  constructor(totalMs: number) {
    this.totalMs = totalMs;
    this.leftMs = totalMs;
  }

  remainingMs(): number {
    return this.leftMs;
  }

  spend(ms: number): void {
    this.leftMs = Math.max(0, this.leftMs - ms);
  }
}

/** One wait for others, charged to the budget as time passes, whatever it passes with. */
export class ChargedWait {
  waitedMs = 0;
  private readonly clock: Clock;
  private readonly budget: WaitBudget;
  private lastMs: number | undefined;

  constructor(clock: Clock, budget: WaitBudget) {
    this.clock = clock;
    this.budget = budget;
  }

  /** Whether nothing is left of the budget. */
  isOver(): boolean {
    this.charge();
    return this.budget.remainingMs() <= 0;
  }

  /** Sleeps until the next look. */
  async pause(signal: AbortSignal): Promise<void> {
    const ms = Math.min(pollIntervalMs(this.waitedMs), this.budget.remainingMs());
    await this.clock.sleep(ms, signal);
    this.charge();
  }

  private charge(): void {
    const nowMs = this.clock.elapsed();
    const passedMs = nowMs - (this.lastMs ?? nowMs);
    this.lastMs = nowMs;
    this.waitedMs += passedMs;
    this.budget.spend(passedMs);
  }
}

/**
 * The pause before the next look at work that began `elapsedMs` ago: 5 % of it, so that the end
 * is seen at most 5 % late, at least 0.1 s and at most 15 s.
 */
export function pollIntervalMs(elapsedMs: number): number {
  return Math.min(15_000, Math.max(100, elapsedMs * 0.05));
}
