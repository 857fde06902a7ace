import { type Clock, TimeLimitError } from '../../src/time/clock.js';

interface Sleeper {
  at: number;
  order: number;
  wake: () => void;
}

/** More than a schedule of a few days needs: somebody goes round in circles. */
const mostWakes = 100_000;

/** Nobody will ever wake, or there is no end of waking. */
export class StuckError extends Error {
  override name = 'StuckError' as const;
}

/**
 * Time for many actors in one process: it stands still while one of them is at work, and jumps to
 * the next awaited moment when all wait. So exactly one does something at any time, and a schedule
 * runs the same way each time, however long its code takes to load.
 */
export class Time {
  private current: number;
  private shift = 0;
  private sleepers: Sleeper[] = [];
  private order = 0;
  private atWork = 0;
  private wakes = 0;
  private turning = false;
  private onStuck: ((error: StuckError) => void) | undefined;

  constructor(startMs: number = Date.parse('2026-11-22T10:00:00')) {
    this.current = startMs;
  }

  get elapsedMs(): number {
    return this.current;
  }

  /** Sets the wall clock of all programs, as an administrator, NTP or daylight saving does. */
  shiftWallClock(ms: number): void {
    this.shift += ms;
  }

  /** Lets an actor work and sleep; what it waits for otherwise must be inside `wait`. */
  async act<T>(work: () => Promise<T>): Promise<T> {
    this.atWork++;
    try {
      return await work();
    } finally {
      this.rest();
    }
  }

  /** An actor waits for what another one does. */
  async wait<T>(others: Promise<T>): Promise<T> {
    this.rest();
    try {
      return await others;
    } finally {
      this.atWork++;
    }
  }

  /** Keeps time still until the returned function is called: something outside is not done yet. */
  hold(): () => void {
    this.atWork++;
    return () => this.rest();
  }

  /** Lets time go on until `work` has ended; rejects if that would never come. Once only. */
  async play<T>(work: () => Promise<T>): Promise<T> {
    const stuck = new Promise<never>((_, reject) => (this.onStuck = reject));
    try {
      return await Promise.race([this.act(work), stuck]);
    } finally {
      this.turning = true;
    }
  }

  /** For the programs. */
  readonly clock: Clock = {
    now: () => Math.floor(this.current + this.shift),
    elapsed: () => this.current,
    sleep: (ms, signal) => this.wait(this.sleep(ms, signal)),
    limit: async (ms, work, signal) => {
      const outcome = new AbortController();
      const onAbort = () => outcome.abort(signal?.reason);
      if (signal?.aborted) onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      const timer = this.enter(ms, () => outcome.abort(new TimeLimitError(ms)));
      try {
        return await work(outcome.signal);
      } finally {
        this.leave(timer);
        signal?.removeEventListener('abort', onAbort);
      }
    },
  };

  /** For the servers; another machine's, so our wall clock does not move it. */
  readonly server = {
    now: () => Math.floor(this.current),
    sleep: (ms: number, signal?: AbortSignal) => this.wait(this.sleep(ms, signal)),
  };

  private sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = () => {
        this.leave(sleeper);
        reject(signal?.reason as Error);
      };
      const sleeper = this.enter(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  private enter(ms: number, wake: () => void): Sleeper {
    const sleeper = { at: this.current + Math.max(0, ms), order: this.order++, wake };
    this.sleepers.push(sleeper);
    return sleeper;
  }

  private leave(sleeper: Sleeper): void {
    const at = this.sleepers.indexOf(sleeper);
    if (at !== -1) this.sleepers.splice(at, 1);
  }

  private rest(): void {
    this.atWork--;
    if (this.atWork > 0 || this.turning) return;
    this.turning = true;
    // After all that is already due: a promise that has resolved may bring somebody back to work.
    setImmediate(() => {
      this.turning = false;
      if (this.atWork === 0) this.wakeNext();
    });
  }

  private wakeNext(): void {
    let next: Sleeper | undefined;
    for (const one of this.sleepers) {
      if (next === undefined || one.at < next.at || (one.at === next.at && one.order < next.order))
        next = one;
    }
    if (next === undefined || next.at === Infinity) {
      this.onStuck?.(new StuckError('everybody waits, and nobody will wake'));
      return;
    }
    if (++this.wakes > mostWakes) {
      this.onStuck?.(new StuckError('there is no end of it'));
      return;
    }
    this.leave(next);
    this.current = Math.max(this.current, next.at);
    next.wake();
    // Whoever woke may only have been a time limit that nobody needs any more.
    this.atWork++;
    this.rest();
  }
}
