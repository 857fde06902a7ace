import type { Clock } from '../../time/clock.js';
import type { Action } from '../observer.js';

/** The age at which a list counts as hung, because its client no longer waits for it. */
const hungMs = 10 * 60_000;

/**
 * Determines which `list` rows of the action log are hung, and which are left over from this run.
 *
 * A row shows the server's local time without a zone, so its age is not known. But all rows use the
 * same clock, and the latest time in any row is a lower bound for that clock. Ages computed from it
 * are too low rather than too high; they grow while we watch, and are exact to a second as soon as a
 * row of our own has been read. (They are too high if the server's clock was set, or changed for
 * daylight saving time, while the row was in progress.)
 */
export class ListAges {
  private readonly clock: Pick<Clock, 'elapsed'>;
  /** By how much the server's clock is ahead of `elapsed`, at least. */
  private aheadMs = -Infinity;
  private readonly seen = new Set<string>();
  /** When each list of this run without a response was sent. */
  private readonly ours = new Map<string, number>();
  private lost: { command: string; sentMs: number }[] = [];

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.clock = clock;
  }

  /** Learns the server's clock from any row that was just read. */
  read({ start, finish }: Action): void {
    for (const time of [start, finish ?? '']) {
      const aheadMs = timeOf(time) - this.clock.elapsed();
      if (aheadMs > this.aheadMs) this.aheadMs = aheadMs;
    }
  }

  /** Learns which rows are ours: for each lost list, the first new row of its command. */
  readRunning(rows: readonly Action[]): void {
    for (const { command, sentMs } of this.lost) {
      const row = rows.find((one) => one.command === command && !this.seen.has(keyOf(one)));
      if (row !== undefined) this.ours.set(keyOf(row), sentMs);
    }
    this.lost = [];
    for (const row of rows) this.seen.add(keyOf(row));
  }

  /** Records that our list sent at `sentMs` got no response. */
  lose(command: string, sentMs: number): void {
    this.lost.push({ command, sentMs });
  }

  /** Returns true for a list that is hung; it is not waited for. */
  isHung(row: Action): boolean {
    if (!isList(row)) return false;
    const nowMs = this.clock.elapsed();
    const sentMs = this.ours.get(keyOf(row)) ?? nowMs;
    return nowMs - sentMs >= hungMs || nowMs + this.aheadMs - timeOf(row.start) >= hungMs;
  }

  isOurs(row: Action): boolean {
    return this.ours.has(keyOf(row));
  }
}

export function isList({ command }: Action): boolean {
  return /^list( |$)/.test(command);
}

function keyOf({ command, start }: Action): string {
  return `${command}\n${start}`;
}

/** Parses a time such as `2026-07-16 22:40:14` as if it were UTC; returns NaN if it is not a time. */
function timeOf(text: string): number {
  return Date.parse(`${text.replace(' ', 'T')}Z`);
}
