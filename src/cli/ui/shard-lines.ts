import stringWidth from 'string-width';
import { formatDuration, visible } from '../../text.js';
import type { Clock } from '../../time/clock.js';
import type { Activity } from '../../use-cases/reporter.js';
import type { TerminalSize } from './live-area.js';
import type { Progress, Spinner } from './spinner.js';
import { fit } from './tables.js';

/** The rows of the terminal that are left for lines that stay. */
const otherRows = 6;

interface ShardLine {
  label: () => string;
  /** undefined before its first phase. */
  text: string | undefined;
  activity: Activity;
  startMs: number;
  end: 'none' | 'done' | 'failed';
}

/** The order in which one line counts what the shards are doing. */
const activities: readonly Activity[] = [
  'creating',
  'uploading',
  'verifying',
  'waiting',
  'working',
];

/** What the shards of a cluster are doing: one line per shard while they fit, otherwise one that counts. */
export class ShardLines {
  private readonly lines: ShardLine[] = [];
  private readonly total: number;
  private readonly clock: Clock;
  private readonly changed: () => void;

  /** `changed` is called when the lines have to be drawn again, not for elapsed times. */
  constructor(total: number, clock: Clock, changed: () => void) {
    this.total = total;
    this.clock = clock;
    this.changed = changed;
  }

  /** Adds a shard. `label` is asked each time, because a new host is not shown before it is resolved. */
  open(label: () => string): Spinner {
    const line: ShardLine = {
      label,
      text: undefined,
      activity: 'working',
      startMs: this.clock.elapsed(),
      end: 'none',
    };
    this.lines.push(line);
    return {
      show: (progress) => this.show(line, progress),
      stop: (end) => {
        if (line.end !== 'none') return;
        line.end = end;
        this.changed();
      },
    };
  }

  /** Returns the lines as they fit the terminal. */
  render({ rows, columns }: TerminalSize): string[] {
    const running = this.lines.filter(({ end }) => end === 'none');
    if (running.length === 0) return [];
    // A full last column would wrap on some terminals.
    const width = columns - 1;
    if (running.length > Math.max(1, rows - otherRows)) return [fit(this.count(running), width)];
    const shown = running.filter(({ text }) => text !== undefined);
    const labels = shown.map(({ label }) => visible(label()));
    const widest = labels.reduce((most, label) => Math.max(most, stringWidth(label)), 0);
    const labelWidth = Math.min(widest, Math.floor(width / 3));
    return shown.map((line, at) => {
      const label = padEnd(fit(labels[at] ?? '', labelWidth), labelWidth);
      const elapsed = this.elapsedOf(line);
      const text = fit(line.text ?? '', width - labelWidth - elapsed.length - 3);
      return fit(`${label}  ${text} ${elapsed}`, width);
    });
  }

  /** Asking what a shard does is frequent, so only another text or activity is a change. */
  private show(line: ShardLine, { text, activity, elapsedMs }: Progress): void {
    const isSame = line.text === text && line.activity === activity;
    if (isSame && elapsedMs !== undefined) return;
    line.text = visible(text);
    line.activity = activity;
    line.startMs = this.clock.elapsed() - (elapsedMs ?? 0);
    this.changed();
  }

  private count(running: readonly ShardLine[]): string {
    const failed = this.lines.filter(({ end }) => end === 'failed').length;
    const counts = activities.flatMap((activity) => {
      const count = running.filter((line) => line.activity === activity).length;
      return count === 0 ? [] : [`${count} ${activity}`];
    });
    const parts = [
      `${this.lines.length - running.length - failed} of ${this.total} shards done`,
      ...(failed === 0 ? [] : [`${failed} failed`]),
      ...counts,
    ];
    return `${parts.join(', ')} (slowest: ${this.describeSlowest(running)})`;
  }

  /** A shard that waits for its turn is not slow. */
  private describeSlowest(running: readonly ShardLine[]): string {
    const active = running.filter(({ activity }) => activity !== 'waiting');
    const slowest = (active.length > 0 ? active : running).reduce((one, other) =>
      other.startMs < one.startMs ? other : one,
    );
    return `${visible(slowest.label())}, ${this.elapsedOf(slowest)}`;
  }

  private elapsedOf({ startMs }: ShardLine): string {
    return formatDuration(this.clock.elapsed() - startMs);
  }
}

function padEnd(text: string, width: number): string {
  return `${text}${' '.repeat(Math.max(0, width - stringWidth(text)))}`;
}
