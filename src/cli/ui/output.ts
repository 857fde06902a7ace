import { OutputError } from '../../errors.js';
import { describeErrno, harmlessJson, visible } from '../../text.js';
import type { TerminalStream } from '../environment.js';

export type Color = 'bold' | 'gray' | 'green' | 'red' | 'yellow';

/** A piece of a line. Colors are given as data, because escape sequences in a text are removed. */
export type Part = string | { text: string; color: Color };

/** One cell of a table. */
export type Cell = readonly Part[];

/**
 * The only way to stdout and stderr: results go to stdout, progress and errors to stderr. Each part
 * of a line is sanitized before it is painted, so that a name or a server's text cannot control the
 * terminal. A reader that closes its end (`chbackup list | head`) stops nothing.
 */
export interface Output {
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  /** The width of the terminal on stdout; undefined if it is not a terminal. */
  readonly stdoutColumns: number | undefined;
  /** Writes chbackup's own text, such as help, to stdout as it is. */
  ownText(text: string): void;
  /** Writes a line of a result to stdout. */
  resultLine(parts: readonly Part[]): void;
  /** Writes a result as JSON to stdout, on one line unless `indent` is given. */
  resultJson(value: unknown, indent?: number): void;
  /** Writes a line to stderr. */
  progressLine(parts: readonly Part[]): void;
  /** Writes a JSON object on one line to stderr. */
  progressJson(value: unknown): void;
  /** Writes a table to stdout; `layOut` turns the sanitized and painted cells into lines. */
  resultTable(rows: readonly (readonly Cell[])[], layOut: (cells: string[][]) => string[]): void;
  /**
   * Uses colors from here on where they are shown. Loads what paints them only then: runs under cron and
   * `--version` do not need it.
   */
  enableColors(): Promise<void>;
  /**
   * Waits until everything is written to stdout. Throws `OutputError` with this hint if that failed,
   * but not if the reader has closed its end.
   */
  finishStdout(hint: string): Promise<void>;
}

export interface OutputOptions {
  stdout: TerminalStream;
  stderr: TerminalStream;
  env: Record<string, string | undefined>;
}

export function openOutput({ stdout, stderr, env }: OutputOptions): Output {
  let stdoutError: NodeJS.ErrnoException | undefined;
  let written = Promise.resolve();
  stdout.on('error', (error) => (stdoutError ??= error));
  stderr.on('error', () => undefined);
  const stdoutIsTerminal = stdout.isTTY === true;
  const stderrIsTerminal = stderr.isTTY === true;
  let onStdout = unpainted;
  let onStderr = unpainted;
  const write = (text: string) => {
    written = new Promise((resolve) => {
      stdout.write(text, (error) => {
        stdoutError ??= error ?? undefined;
        resolve();
      });
    });
  };
  return {
    stdoutIsTerminal,
    stderrIsTerminal,
    // A terminal that does not know its width reports 0.
    stdoutColumns: (stdoutIsTerminal && stdout.columns) || undefined,
    ownText: write,
    resultLine: (parts) => write(`${lineOf(parts, onStdout)}\n`),
    resultJson: (value, indent) => write(`${jsonOf(value, indent)}\n`),
    progressLine: (parts) => void stderr.write(`${lineOf(parts, onStderr)}\n`),
    progressJson: (value) => void stderr.write(`${jsonOf(value)}\n`),
    resultTable(rows, layOut) {
      const cells = rows.map((row) => row.map((cell) => lineOf(cell, onStdout)));
      for (const line of layOut(cells)) write(`${line}\n`);
    },
    async enableColors() {
      const levels = [stdoutIsTerminal, stderrIsTerminal].map((each) => colorLevel(env, each));
      if (levels.every((level) => level === 0)) return;
      const { Chalk } = await import('chalk');
      [onStdout = unpainted, onStderr = unpainted] = levels.map((level) => new Chalk({ level }));
    },
    async finishStdout(hint) {
      await written;
      if (stdoutError === undefined || readerIsGone(stdoutError)) return;
      throw new OutputError(`cannot write to stdout: ${describeErrno(stdoutError)}`, { hint });
    },
  };
}

/** `NO_COLOR` disables colors, `FORCE_COLOR` enables them; otherwise only a terminal gets them. */
function colorLevel(env: Record<string, string | undefined>, isTerminal: boolean): 0 | 1 {
  if ((env['NO_COLOR'] ?? '') !== '') return 0;
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force === '0' || force === 'false' ? 0 : 1;
  return isTerminal && env['TERM'] !== 'dumb' ? 1 : 0;
}

/** Paints a text in each color. */
type Palette = Record<Color, (text: string) => string>;

const asItIs = (text: string) => text;
const unpainted: Palette = {
  bold: asItIs,
  gray: asItIs,
  green: asItIs,
  red: asItIs,
  yellow: asItIs,
};

function lineOf(parts: readonly Part[], palette: Palette): string {
  return parts.map((part) => painted(part, palette)).join('');
}

function painted(part: Part, palette: Palette): string {
  return typeof part === 'string' ? visible(part) : palette[part.color](visible(part.text));
}

function jsonOf(value: unknown, indent?: number): string {
  return harmlessJson(JSON.stringify(value, undefined, indent));
}

function readerIsGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'ECONNRESET';
}
