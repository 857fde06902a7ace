import type { Writable } from 'node:stream';
import type { Clock } from '../time/clock.js';
import type { Step } from '../use-cases/steps.js';
import type { Settings } from '../config/settings.js';
import type { Transport } from '../http/transport.js';
import type { StartProgram } from '../client/binary/start-program.js';
import type { Disk } from '../state/disk.js';

/** A stream that may be a terminal. */
export type TerminalStream = Writable & { isTTY?: boolean; columns?: number };

/** Everything outside the program, passed in: a test or a demonstration brings its own. */
export interface Environment {
  /** Without node and the script. */
  argv: readonly string[];
  env: Record<string, string | undefined>;
  /** undefined: the working directory was deleted. */
  cwd: string | undefined;
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: TerminalStream;
  stderr: TerminalStream;
  clock: Clock;
  /** Calls back on SIGINT and SIGTERM; gives back how to stop listening. */
  onSignal(listener: (name: 'SIGINT' | 'SIGTERM') => void): () => void;
  /** Shows the command without its secrets in the list of processes. */
  setTitle(title: string): void;
  /** Instead of the real disk. */
  disk?: Disk;
  /** Instead of the network. */
  transport?: (settings: Settings) => Transport;
  /** Instead of starting the local program. */
  startProgram?: StartProgram;
  /** Hears every step of the flow. */
  onStep?: (name: Step) => void;
}
