import type { Clock } from '../../time/clock.js';
import { nextReportMs } from '../../time/intervals.js';
import type { ChbackupError } from '../../errors.js';
import type { Activity, Reporter } from '../../use-cases/reporter.js';
import type { Step } from '../../use-cases/steps.js';
import { formatDuration, oneLine } from '../../text.js';
import { localTime } from '../../time/local-time.js';
import type { Color, Output } from './output.js';
import type { Spinner } from './spinner.js';

export interface ConsoleReporterOptions {
  output: Output;
  clock: Clock;
  /** The host as typed, for JSON and for each line that is not shown on a terminal; '' for none. */
  host: string;
  /** False: the host is shown only after its name has been resolved. */
  mayShowHost: boolean;
  /** One of several shards: each line names it, on a terminal too. */
  isShard?: boolean;
  quiet: boolean;
  verbose: boolean;
  json: boolean;
  onStep: ((name: Step) => void) | undefined;
  /** On a terminal only: it shows the progress instead of lines. */
  spinner: Spinner | undefined;
}

/** Where warnings and the server's responses are kept. */
type Log = {
  answer(body: unknown): void;
  note(text: string): void;
  warning(text: string): void;
};

/** Writes progress, warnings and errors to stderr. */
export class ConsoleReporter implements Reporter {
  private readonly options: ConsoleReporterOptions;
  private phaseText = '';
  private activity: Activity = 'working';
  private phaseStartMs: number;
  private nextLineMs = nextReportMs(0);
  private busyWith = '';
  /** The request of each replica that got no response yet; other requests may have got one meanwhile. */
  private readonly silentPaths = new Map<string, string>();
  private log: Log | undefined;
  private keepLine: ((line: string) => void) | undefined;
  private shownHost: string;

  constructor(options: ConsoleReporterOptions) {
    this.options = options;
    this.shownHost = options.mayShowHost ? options.host : '';
    this.phaseStartMs = options.clock.elapsed();
  }

  info(text: string): void {
    this.keep('[INFO]', text);
    if (!this.options.quiet && !this.options.json) this.line('[INFO]', 'green', text);
  }

  note(text: string): void {
    this.log?.note(text);
    this.detail(text);
  }

  warn(text: string): void {
    this.log?.warning(text);
    this.keep('[WARNING]', text);
    if (this.options.json) this.jsonLine({ level: 'warning', message: text });
    else this.line('[WARNING]', 'yellow', text);
  }

  /** Writes the line of an error. */
  failed(error: ChbackupError): void {
    this.options.spinner?.stop('failed');
    const { message, hint, exitCode, name } = error;
    const text = hint === undefined ? message : `${message} (${hint})`;
    this.keep('::::[ERROR]', text);
    if (this.options.json) {
      this.jsonLine({ level: 'error', error: name, message, ...(hint && { hint }), exitCode });
    } else {
      this.line('::::[ERROR]', 'red', text);
    }
  }

  step(name: Step): void {
    this.options.onStep?.(name);
    this.detail(`step ${name}`);
  }

  requested(line: string, answered: boolean, replica = ''): void {
    this.detail(this.mustName(replica) ? `${replica}: ${line}` : line);
    const silentPath = this.silentPaths.get(replica);
    if (answered && line.includes(` ${silentPath} `)) this.silentPaths.delete(replica);
  }

  phase(text: string, activity: Activity = 'working'): void {
    this.phaseText = text;
    this.activity = activity;
    this.phaseStartMs = this.options.clock.elapsed();
    this.nextLineMs = nextReportMs(0);
    this.show(text);
  }

  working(): void {
    const elapsedMs = this.options.clock.elapsed() - this.phaseStartMs;
    this.show(this.phaseText, elapsedMs);
    this.tick(elapsedMs, `still ${this.phaseText}`);
  }

  busy({ command, start }: { command: string; start: string }): void {
    if (this.busyWith === command) return;
    this.busyWith = command;
    this.nextLineMs = nextReportMs(0);
    const since = start === '' ? ' already' : ` since ${start}`;
    this.warn(`waiting for \`${command}\`, which has been running${since}`);
    this.showWait(undefined);
  }

  stillBusy(waitedMs: number): void {
    this.showWait(waitedMs);
    this.tick(waitedMs, `still waiting for \`${this.busyWith}\``);
  }

  free(): void {
    this.info('finished waiting, continuing');
    this.busyWith = '';
    this.phase(this.phaseText, this.activity);
  }

  /** The host as it may be shown now; '' as long as it may be a password in the wrong place. */
  get visibleHost(): string {
    return this.shownHost;
  }

  hostResolved(): void {
    this.shownHost = this.options.host;
  }

  unanswered(path: string, problem: string, replica = ''): void {
    if (this.silentPaths.has(replica)) return;
    const from = this.mustName(replica) ? ` from ${replica}` : '';
    this.warn(`no response${from}, retrying: ${path}: ${problem}`);
    this.silentPaths.set(replica, path);
  }

  /** Returns false if the line names the replica anyway, and as long as no host may be shown. */
  private mustName(replica: string): boolean {
    return replica !== '' && this.shownHost !== '' && replica !== this.shownHost;
  }

  answered(body: unknown): void {
    this.log?.answer(body);
  }

  /** Keeps the server's responses, which are not shown, and warnings in this log file. */
  keepIn(log: Log): void {
    this.log = log;
  }

  /** Also gives each line to `keep`, in full and for people, whatever the output is. */
  keepLines(keep: (line: string) => void): void {
    this.keepLine = keep;
  }

  /** Writes the stack of an unexpected error, with `--verbose`. */
  trace(text: string): void {
    for (const line of text.split('\n')) this.detail(line);
  }

  end(): void {
    this.options.spinner?.stop('done');
  }

  private show(text: string, elapsedMs?: number): void {
    this.options.spinner?.show({ text, activity: this.activity, elapsedMs });
  }

  private showWait(elapsedMs: number | undefined): void {
    const text = `waiting for \`${this.busyWith}\``;
    this.options.spinner?.show({ text, activity: 'waiting', elapsedMs });
  }

  /** Writes a progress line when it is due, unless a spinner shows the progress. */
  private tick(elapsedMs: number, text: string): void {
    if (elapsedMs < this.nextLineMs) return;
    this.nextLineMs = nextReportMs(elapsedMs);
    if (this.options.spinner === undefined) this.info(`${text} (${formatDuration(elapsedMs)})`);
  }

  private detail(text: string): void {
    if (!this.options.verbose) return;
    if (this.options.json) this.jsonLine({ level: 'debug', message: text });
    else this.line('[DEBUG]', 'gray', text);
  }

  private keep(mark: string, text: string): void {
    this.keepLine?.(`${this.prefix()}${mark} ${oneLine(text)}`);
  }

  /** The time and the host of a line that is not shown on a terminal. */
  private prefix(): string {
    const where = this.shownHost === '' ? '' : `${this.shownHost} `;
    return `${localTime(this.options.clock.now())} ${where}`;
  }

  private line(mark: string, color: Color, text: string): void {
    const { output, isShard = false } = this.options;
    const named = isShard && this.shownHost !== '' ? `${this.shownHost} ` : '';
    const prefix = output.stderrIsTerminal ? named : this.prefix();
    output.progressLine([prefix, { text: mark, color }, ` ${oneLine(text)}`]);
  }

  private jsonLine(value: Record<string, unknown>): void {
    const { clock, output } = this.options;
    const host = this.shownHost;
    output.progressJson({ time: localTime(clock.now()), ...(host && { host }), ...value });
  }
}
