import { type Clock, limitBySleeping } from '../../src/time/clock.js';

interface Sleeper {
  at: number;
  order: number;
  wake: () => void;
}

/**
 * A clock whose time stops while anything is running, and jumps to the next awaited moment when
 * everything waits. A run of a day takes milliseconds.
 *
 * Time also stops during `limit`, whose work (such as a request) the event loop may not show. A
 * simulator that delays an answer sleeps on `server`, which lets time pass again.
 */
export class VirtualClock implements Clock {
  private current: number;
  private shift = 0;
  private sleepers: Sleeper[] = [];
  private order = 0;
  private active = 0;
  private isTurning = false;

  constructor(startMs: number = Date.parse('2026-11-22T10:00:00')) {
    this.current = startMs;
  }

  now(): number {
    return Math.floor(this.current + this.shift);
  }

  elapsed(): number {
    return this.current;
  }

  /** Shifts the wall clock, as an administrator, NTP or daylight saving does. */
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
    this.active++;
    try {
      return await limitBySleeping(this, ms, work, signal);
    } finally {
      this.active--;
    }
  }

  /**
   * The clock of the server that answers the requests: while it sleeps, its client only waits. It
   * is on another machine, so `shiftWallClock` does not affect it.
   */
  readonly server = {
    now: () => Math.floor(this.current),
    sleep: async (ms: number, signal?: AbortSignal): Promise<void> => {
      this.active--;
      try {
        await this.sleep(ms, signal);
      } finally {
        this.active++;
      }
    },
  };

  /** Lets the event loop run until nothing is active, then wakes the next sleeper. */
  private turn(): void {
    if (this.isTurning) return;
    this.isTurning = true;
    let quiet = 0;
    const look = () => {
      if (this.sleepers.length === 0) {
        this.isTurning = false;
        return;
      }
      quiet = this.active > 0 ? 0 : quiet + 1;
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
