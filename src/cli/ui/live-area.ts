import stringWidth from 'string-width';
import { visible } from '../../text.js';
import type { TerminalStream } from '../environment.js';

const escape = '\u001B[';
const hideCursor = `${escape}?25l`;
const showCursor = `${escape}?25h`;
const eraseRestOfLine = `${escape}K`;
const eraseBelow = `${escape}J`;

/** The shortest time between two redraws. */
const redrawMs = 100;
/** After this time the lines are drawn again without a change, because they contain elapsed times. */
const tickMs = 1000;

/** The size of a terminal, in characters. */
export interface TerminalSize {
  rows: number;
  columns: number;
}

/** Lines at the bottom of a terminal that change, below the lines that stay. */
export class LiveArea {
  private readonly stream: TerminalStream;
  private readonly render: (size: TerminalSize) => string[];
  private drawn: readonly string[] = [];
  private drawnAtMs = -Infinity;
  private hasChanged = false;
  /** Defined while the area is in use. */
  private timer: NodeJS.Timeout | undefined;

  /** `render` returns the lines, each narrower than the terminal. */
  constructor(stream: TerminalStream, render: (size: TerminalSize) => string[]) {
    this.stream = stream;
    this.render = render;
  }

  /** Draws the lines again, now or within 100 ms. */
  update(): void {
    this.hasChanged = true;
    this.start();
    this.drawIfDue();
  }

  /** Writes lines that stay, above the area. */
  above(write: () => void): void {
    this.erase();
    write();
    if (this.timer !== undefined) this.update();
  }

  /** Removes the area and shows the cursor again. */
  readonly stop = (): void => {
    if (this.timer === undefined) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.erase();
    this.stream.write(showCursor);
    this.stream.off('resize', this.draw);
    for (const event of ['exit', 'beforeExit', 'uncaughtExceptionMonitor']) {
      process.off(event, this.stop);
    }
  };

  private start(): void {
    if (this.timer !== undefined) return;
    this.timer = setInterval(() => this.drawIfDue(), redrawMs).unref();
    this.stream.write(hideCursor);
    this.stream.on('resize', this.draw);
    // A crash prints its error, so the area is removed before that.
    process.prependListener('uncaughtExceptionMonitor', this.stop);
    process.prependListener('beforeExit', this.stop);
    process.prependListener('exit', this.stop);
  }

  private drawIfDue(): void {
    const sinceMs = performance.now() - this.drawnAtMs;
    if (sinceMs >= (this.hasChanged ? redrawMs : tickMs)) this.draw();
  }

  private readonly draw = (): void => {
    this.hasChanged = false;
    this.drawnAtMs = performance.now();
    const lines = this.render(this.size).map(visible);
    const isSame =
      lines.length === this.drawn.length && lines.every((line, at) => line === this.drawn[at]);
    if (isSame) return;
    const text = lines.map((line) => `${line}${eraseRestOfLine}\n`).join('');
    this.stream.write(`${this.toStart()}${text}${eraseBelow}`);
    this.drawn = lines;
  };

  private erase(): void {
    if (this.drawn.length > 0) this.stream.write(`${this.toStart()}${eraseBelow}`);
    this.drawn = [];
  }

  /** Moves the cursor to the start of the area. A terminal that became narrower has wrapped its lines. */
  private toStart(): string {
    const { columns } = this.size;
    const rows = this.drawn.reduce((sum, line) => {
      return sum + Math.max(1, Math.ceil(stringWidth(line) / columns));
    }, 0);
    return rows === 0 ? '\r' : `\r${escape}${rows}A`;
  }

  /** A terminal that does not know its size reports 0. */
  private get size(): TerminalSize {
    return { rows: this.stream.rows || 24, columns: this.stream.columns || 80 };
  }
}
