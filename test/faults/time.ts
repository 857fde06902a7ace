import { type Clock, TimeLimitError } from '../../src/time/clock.js';

interface Sleeper {
  at: number;
  order: number;
  wake: () => void;
}

/** More wake-ups than a schedule of a few days needs; more of them are an endless loop. */
const maxWakes = 100_000;

/** All actors wait and none will wake, or they wake endlessly. */
export class StuckError extends Error {
  override name = 'StuckError' as const;
}

/**
 * A clock for many actors in one process: its time stops while an actor is running, and jumps to
 * the next awaited moment when all of them wait. So only one actor runs at any time, and a schedule
 * runs the same way each time, however long its code takes to load.
 */
export class Time {
  private current: number;
  private shift = 0;
  private sleepers: Sleeper[] = [];
  private order = 0;
  private active = 0;
  private wakes = 0;
  private isTurnScheduled = false;
  private onStuck: ((error: StuckError) => void) | undefined;

  constructor(startMs: number = Date.parse('2026-11-22T10:00:00')) {
    this.current = startMs;
  }

  get elapsedMs(): number {
    return this.current;
  }

  /** Shifts the wall clock of all programs, as an administrator, NTP or daylight saving does. */
  shiftWallClock(ms: number): void {
    this.shift += ms;
  }

  /** Runs an actor, which may sleep; anything else it waits for must be inside `wait`. */
  async act<T>(work: () => Promise<T>): Promise<T> {
    this.active++;
    try {
      return await work();
    } finally {
      this.rest();
    }
  }

  /** Waits for another actor. */
  async wait<T>(others: Promise<T>): Promise<T> {
    this.rest();
    try {
      return await others;
    } finally {
      this.active++;
    }
  }

  /** Stops time until the returned function is called. */
  hold(): () => void {
    this.active++;
    return () => this.rest();
  }

  /** Lets time pass until `work` has ended; rejects if it never would. To be called only once. */
  async play<T>(work: () => Promise<T>): Promise<T> {
    const stuck = new Promise<never>((_, reject) => (this.onStuck = reject));
    try {
      return await Promise.race([this.act(work), stuck]);
    } finally {
      this.isTurnScheduled = true;
    }
  }

  /** The clock of the programs. */
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

  /**
   * Returns the clock of one program. The program may sleep in several places at once, as one that
   * reports progress while a request is in progress: it rests if any of them sleeps, except during
   * `limit`, which ends by itself or with a sleep of the server.
   */
  programClock(): Clock {
    const { clock } = this;
    let [sleeping, limits, isResting] = [0, 0, false];
    const change = (sleepers: number, limited: number) => {
      sleeping += sleepers;
      limits += limited;
      const rests = sleeping > 0 && limits === 0;
      if (rests === isResting) return;
      isResting = rests;
      if (rests) this.rest();
      else this.active++;
    };
    return {
      ...clock,
      sleep: async (ms, signal) => {
        change(1, 0);
        await this.sleep(ms, signal).finally(() => change(-1, 0));
      },
      limit: async (ms, work, signal) => {
        change(0, 1);
        return clock.limit(ms, work, signal).finally(() => change(0, -1));
      },
    };
  }

  /** The clock of the servers: on another machine, so `shiftWallClock` does not affect it. */
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
    this.active--;
    if (this.active > 0 || this.isTurnScheduled) return;
    this.isTurnScheduled = true;
    // Resolved promises are handled first: one of them may make an actor run again.
    setImmediate(() => {
      this.isTurnScheduled = false;
      if (this.active === 0) this.wakeNext();
    });
  }

  private wakeNext(): void {
    let next: Sleeper | undefined;
    for (const one of this.sleepers) {
      if (next === undefined || one.at < next.at || (one.at === next.at && one.order < next.order))
        next = one;
    }
    if (next === undefined || next.at === Infinity) {
      this.onStuck?.(new StuckError('all actors wait, and none will wake'));
      return;
    }
    if (++this.wakes > maxWakes) {
      this.onStuck?.(new StuckError(`still running after ${maxWakes} wake-ups`));
      return;
    }
    this.leave(next);
    this.current = Math.max(this.current, next.at);
    next.wake();
    // The sleeper may only have been a time limit that is no longer needed.
    this.active++;
    this.rest();
  }
}
