import type { Writable } from 'node:stream';
import type { Clock } from '../time/clock.js';
import type { Step } from '../use-cases/steps.js';
import type { Settings } from '../config/settings.js';
import type { Transport } from '../http/transport.js';
import type { StartProgram } from '../client/binary/start-program.js';
import type { MetricsFolder } from '../notify/metrics-folder.js';
import type { Disk } from '../state/disk.js';

/** A stream that may be a terminal. */
export type TerminalStream = Writable & {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
};

/** Returns true if lines on stderr may move: on a terminal that can do that, but not in CI. */
export function canAnimate({ env, stderr }: Pick<Environment, 'env' | 'stderr'>): boolean {
  return stderr.isTTY === true && env['TERM'] !== 'dumb' && env['CI'] === undefined;
}

/** Everything outside the program. It is passed in, so that tests and the demo can replace it. */
export interface Environment {
  /** Without node and the script. */
  argv: readonly string[];
  env: Record<string, string | undefined>;
  /** undefined if the working directory was deleted. */
  cwd: string | undefined;
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: TerminalStream;
  stderr: TerminalStream;
  clock: Clock;
  /** Calls back on SIGINT and SIGTERM; returns a function that stops listening. */
  onSignal(listener: (name: 'SIGINT' | 'SIGTERM') => void): () => void;
  /** Shows the command without its secrets in the list of processes. */
  setTitle(title: string): void;
  /** Replaces the real disk. */
  disk?: Disk;
  /** Replaces the network. */
  transport?: (settings: Settings) => Transport;
  /** Replaces the network to the host of the ping URL. */
  pingTransport?: (baseUrl: string) => Transport;
  /** Replaces the directory of the metrics files. */
  metricsFolder?: (folder: string) => MetricsFolder;
  /** Called if something that cannot be canceled may keep the process running. */
  onLeftover?: () => void;
  /** Replaces the start of the local program. */
  startProgram?: StartProgram;
  /** Receives every step of the flowchart. */
  onStep?: (name: Step) => void;
}
