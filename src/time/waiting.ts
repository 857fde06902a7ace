import type { Clock } from './clock.js';
import { pollIntervalMs } from './intervals.js';

/** How long a run may wait in total for a busy server or another chbackup. */
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

/** One wait. It is charged for all elapsed time, slow responses included. */
export class ChargedWait {
  waitedMs = 0;
  private readonly clock: Clock;
  private readonly budget: WaitBudget;
  private lastMs: number | undefined;

  constructor(clock: Clock, budget: WaitBudget) {
    this.clock = clock;
    this.budget = budget;
  }

  /** Returns true if the budget is used up. */
  isOver(): boolean {
    this.charge();
    return this.budget.remainingMs() <= 0;
  }

  /** Sleeps until the next poll. */
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

/** Returns a promise that rejects with the signal's reason once it is aborted. */
export function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
