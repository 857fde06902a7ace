import type { Clock } from './clock.js';

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
