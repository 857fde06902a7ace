import { type Clock, TimeLimitError } from '../../time/clock.js';
import {
  ResponseError,
  UnreachableError,
  ConfigError,
  OperationTimeoutError,
} from '../../errors.js';
import type { ClientObserver } from '../observer.js';
import { formatDuration, presentable } from '../../text.js';
import { openOutput, type Output, type Written } from './output.js';
import { errorText, lastWords } from './program-log.js';
import { type StartProgram, startProgram } from './start-program.js';

export interface Program {
  /** Its path, or a name to be looked for on PATH. */
  path: string;
  /** The environment to pass on; our own variables are taken out. */
  env: Record<string, string | undefined>;
  /** The folder that it runs in. */
  cwd: string;
  clock: Clock;
  signal: AbortSignal;
  observer: ClientObserver;
  /** Instead of starting a process. */
  start?: StartProgram | undefined;
}

export interface Call {
  args: readonly string[];
  env?: Record<string, string>;
  limitMs: number;
  /** It changes something: when we stop waiting, it goes on. */
  changes: boolean;
}

export interface Ended {
  /** Its arguments as one line, for messages. */
  command: string;
  exitCode: number | undefined;
  /** The name of the signal that ended it. */
  killedBy: string | undefined;
  stdout: Written;
  stderr: Written;
}

/** It cannot be this program, and will not be next time. */
const notAProgram = new Set(['ENOENT', 'EACCES', 'EPERM', 'ENOTDIR', 'EISDIR', 'ENOEXEC', 'ELOOP']);

/**
 * Runs clickhouse-backup once. Rejects with `signal`'s reason, or `OperationTimeoutError`.
 *
 * It runs in a session of its own, so that Ctrl-C in a terminal reaches us and not it, and when we
 * stop waiting, one that changes something is left to end by itself: killed half-way, a restore
 * leaves a table with some of its parts, a delete a backup without its metadata. One that only
 * reads is ended, since without ClickHouse it would try to connect for ever (contract §10).
 */
export async function runProgram(program: Program, call: Call): Promise<Ended> {
  program.signal.throwIfAborted();
  const command = presentable(call.args.join(' '));
  const output = openOutput();
  const { clock, observer } = program;
  const startMs = clock.elapsed();
  try {
    const start = program.start ?? startProgram;
    const child = start(program.path, call.args, {
      env: childEnvironment(program.env, call.env),
      cwd: program.cwd,
      stdout: output.stdout,
      stderr: output.stderr,
    });
    const giveUp = (error: unknown): never => {
      if (!call.changes) child.kill();
      child.unref();
      if (!(error instanceof TimeLimitError)) throw error;
      throw tooSlow(command, call, child.pid, output);
    };
    const race = (limited: AbortSignal) => Promise.race([child.ended, rejection(limited)]);
    const result = await clock.limit(call.limitMs, race, program.signal).catch(giveUp);
    const problem = result.exitCode ?? result.signal ?? result.code ?? 'it did not start';
    const tookMs = Math.round(clock.elapsed() - startMs);
    const wasRun = result.exitCode !== undefined || result.signal !== undefined;
    observer.requested(`clickhouse-backup ${command} → ${problem} in ${tookMs} ms`, wasRun);
    if (!wasRun) {
      throw cannotStart(program.path, result.code, result.cause);
    }
    return { command, exitCode: result.exitCode, killedBy: result.signal, ...output.read() };
  } finally {
    output.close();
  }
}

/** LOG_LEVEL: up to 2.5.21 the log goes to stdout, and has every SQL statement (contract §8). */
function childEnvironment(
  env: Program['env'],
  more: Record<string, string> = {},
): Record<string, string> {
  const passed = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || name.startsWith('CHBACKUP_') ? [] : [[name, value] as const],
  );
  return { ...Object.fromEntries(passed), LOG_LEVEL: 'warning', ...more };
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function cannotStart(path: string, code: string | undefined, cause: unknown): Error {
  const message = `cannot start ${presentable(path)}: ${code ?? 'unknown reason'}`;
  if (code !== undefined && !notAProgram.has(code)) {
    return new UnreachableError(message, { cause });
  }
  return new ConfigError(message, {
    hint: '--binary-path names the clickhouse-backup program',
    cause,
  });
}

function tooSlow(command: string, call: Call, pid: number | undefined, output: Output): Error {
  const { stdout, stderr } = output.read();
  const words = lastWords(`${stdout.text}\n${stderr.text}`);
  const time = formatDuration(call.limitMs);
  return new OperationTimeoutError(
    `clickhouse-backup ${command} has not ended after ${time}${words && `: ${words}`}`,
    call.changes ? { hint: `it is left running, as process ${pid}` } : {},
  );
}

/** Returns why the program did not end with 0, in its own words if it printed any. */
export function reasonOf(ended: Ended): string {
  if (ended.killedBy !== undefined) return `it was killed by ${ended.killedBy}`;
  return errorText(ended.stdout.text, ended.stderr.text) || `exit code ${ended.exitCode}`;
}

/** Returns the error for a run that did not end with 0. */
export function failureOf(ended: Ended): ResponseError {
  return new ResponseError(`clickhouse-backup ${ended.command} failed: ${reasonOf(ended)}`);
}
