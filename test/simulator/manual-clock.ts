import type { ServerClock } from './simulator.js';

/** A clock that advances only when the test says so; sleeping on it takes no real time. */
export class ManualClock implements ServerClock {
  private current = Date.parse('2026-11-22T13:03:54Z');

  now(): number {
    return this.current;
  }

  advance(ms: number): void {
    this.current += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (ms === Infinity) {
      return new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    }
    this.advance(ms);
    return Promise.resolve();
  }
}
