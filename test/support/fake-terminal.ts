import { Writable } from 'node:stream';

// oxlint-disable-next-line no-control-regex
const tokens = /\u001B\[[?\d;]*[A-Za-z]|\n|\r|[^\u001B\n\r]/gu;

/** A terminal that keeps what a person sees. It understands only what chbackup writes. */
export class FakeTerminal extends Writable {
  readonly isTTY = true;
  columns: number;
  rows: number;
  isCursorShown = true;
  /** How many lines were wider than the terminal. */
  wraps = 0;
  /** What the screen showed after each write. */
  readonly screens: string[][] = [];
  /** All lines so far, those that have left the screen at the top too. */
  private lines: string[] = [''];
  private row = 0;
  private column = 0;

  constructor(columns = 100, rows = 24) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
  }

  get text(): string {
    return this.shown.join('\n');
  }

  /** The lines without those that are empty at the end. */
  get shown(): string[] {
    const last = this.lines.findLastIndex((line) => line.trim() !== '');
    return this.lines.slice(0, last + 1).map((line) => line.trimEnd());
  }

  /** Changes the size, and wraps lines that have become too long, as most terminals do. */
  resize(columns: number, rows: number): void {
    const before = this.lines.slice(0, this.row);
    const wrapped = (lines: string[]) => lines.flatMap((line) => chunks(line, columns));
    this.lines = [...wrapped(before), ...wrapped(this.lines.slice(this.row))];
    this.row = wrapped(before).length;
    Object.assign(this, { columns, rows });
    this.emit('resize');
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    for (const [token] of chunk.toString().matchAll(tokens)) this.take(token);
    this.screens.push(this.shown);
    done();
  }

  private take(token: string): void {
    if (token === '\n') this.moveTo(this.row + 1, 0);
    else if (token === '\r') this.column = 0;
    else if (token.length > 1) this.control(token.slice(2));
    else this.put(token);
  }

  private put(character: string): void {
    if (this.column === this.columns) {
      this.wraps += 1;
      this.moveTo(this.row + 1, 0);
    }
    const line = (this.lines[this.row] ?? '').padEnd(this.column);
    this.lines[this.row] = line.slice(0, this.column) + character + line.slice(this.column + 1);
    this.column += 1;
  }

  private control(sequence: string): void {
    const line = this.lines[this.row] ?? '';
    if (sequence === '?25l') this.isCursorShown = false;
    else if (sequence === '?25h') this.isCursorShown = true;
    else if (sequence.endsWith('A')) {
      const top = Math.max(0, this.lines.length - this.rows);
      this.row = Math.max(top, this.row - Number(sequence.slice(0, -1)));
    } else if (sequence === 'K') this.lines[this.row] = line.slice(0, this.column);
    else if (sequence === 'J') {
      this.lines = [...this.lines.slice(0, this.row), line.slice(0, this.column)];
    } else if (!sequence.endsWith('m')) throw new Error(`unknown sequence ${sequence}`);
  }

  private moveTo(row: number, column: number): void {
    while (this.lines.length <= row) this.lines.push('');
    this.row = row;
    this.column = column;
  }
}

function chunks(line: string, columns: number): string[] {
  const text = line.trimEnd();
  const count = Math.max(1, Math.ceil(text.length / columns));
  return Array.from({ length: count }, (_, at) => text.slice(at * columns, (at + 1) * columns));
}
