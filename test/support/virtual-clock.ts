import { type Clock, limitBySleeping } from '../../src/time/clock.js';

interface Sleeper {
  at: number;
  order: number;
  wake: () => void;
}

/**
 * A clock whose time stands still while anything is being done, and jumps to the next
 * awaited moment when nobody does anything but wait. A run of a day takes milliseconds.
 *
 * What happens outside the event loop's sight (requests, between `limit`'s start and end)
 * holds time still; a simulator that holds an answer back sleeps on `server`, which lets it go on.
 */
export class VirtualClock implements Clock {
  private current: number;
  private shift = 0;
  private sleepers: Sleeper[] = [];
  private order = 0;
  private atWork = 0;
  private turning = false;

  constructor(startMs: number = Date.parse('2026-11-22T10:00:00')) {
    this.current = startMs;
  }

  now(): number {
    return Math.floor(this.current + this.shift);
  }

  elapsed(): number {
    return this.current;
  }

  /** Sets the wall clock forward or back, as an administrator, NTP or daylight saving does. */
  shiftWallClock(ms: number): void {
    this.shift += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const sleeper: Sleeper = {
        at: this.current + Math.max(0, ms),
        order: this.order++,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        this.sleepers = this.sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.sleepers.push(sleeper);
      this.turn();
    });
  }

  async limit<T>(
    ms: number,
    work: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    this.atWork++;
    try {
      return await limitBySleeping(this, ms, work, signal);
    } finally {
      this.atWork--;
    }
  }

  /**
   * The clock for whoever answers the requests: while it sleeps, the asker only waits. Another
   * machine's: setting our wall clock does not move it.
   */
  readonly server = {
    now: () => Math.floor(this.current),
    sleep: async (ms: number, signal?: AbortSignal): Promise<void> => {
      this.atWork--;
      try {
        await this.sleep(ms, signal);
      } finally {
        this.atWork++;
      }
    },
  };

  /** Lets the event loop run until nobody is at work, then wakes the next sleeper. */
  private turn(): void {
    if (this.turning) return;
    this.turning = true;
    let quiet = 0;
    const look = () => {
      if (this.sleepers.length === 0) {
        this.turning = false;
        return;
      }
      quiet = this.atWork > 0 ? 0 : quiet + 1;
      if (quiet > 3) {
        quiet = 0;
        this.wakeNext();
      }
      setImmediate(look);
    };
    setImmediate(look);
  }

  private wakeNext(): void {
    const next = this.sleepers.reduce((a, b) =>
      b.at < a.at || (b.at === a.at && b.order < a.order) ? b : a,
    );
    if (next.at === Infinity) return;
    this.sleepers = this.sleepers.filter((other) => other !== next);
    this.current = Math.max(this.current, next.at);
    next.wake();
  }
}
