import { type Clock, TimeLimitError } from '../../time/clock.js';
import {
  ResponseError,
  UnreachableError,
  ConfigError,
  OperationTimeoutError,
} from '../../errors.js';
import { rejection } from '../../time/waiting.js';
import type { ClientObserver } from '../observer.js';
import { describeErrno, formatDuration, presentable } from '../../text.js';
import { openOutput, type Output, type Written } from './output.js';
import { errorText, lastWords } from './program-log.js';
import { type StartProgram, startProgram } from './start-program.js';

export interface Program {
  /** The path of the program, or a name that is searched for on PATH. */
  path: string;
  /** The environment of the program; chbackup's own variables are removed from it. */
  env: Record<string, string | undefined>;
  /** The working directory of the program. */
  cwd: string;
  clock: Clock;
  signal: AbortSignal;
  observer: ClientObserver;
  /** A replacement for starting a process. */
  start?: StartProgram | undefined;
}

export interface Call {
  args: readonly string[];
  env?: Record<string, string>;
  limitMs: number;
  /** True if the command changes something: it then continues when chbackup stops waiting. */
  changes: boolean;
}

export interface Ended {
  /** The arguments as one line, for messages. */
  command: string;
  exitCode: number | undefined;
  /** The name of the signal that ended it. */
  killedBy: string | undefined;
  stdout: Written;
  stderr: Written;
}

/** Error codes that mean that the path is wrong, so that a retry cannot succeed. */
const notAProgram = new Set(['ENOENT', 'EACCES', 'EPERM', 'ENOTDIR', 'EISDIR', 'ENOEXEC', 'ELOOP']);

/**
 * Runs clickhouse-backup once. Rejects with `signal`'s reason, or `OperationTimeoutError`.
 *
 * The program runs in a session of its own, so that Ctrl-C in a terminal reaches only chbackup. When
 * chbackup stops waiting, a command that changes something continues: if it were killed, a restore would
 * leave a table with some of its parts, and a delete a backup without its metadata. A command that only
 * reads is killed, because without ClickHouse it would try to connect forever
 * (clickhouse-backup-api.md#program-without-clickhouse).
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

/**
 * Returns the environment of the program. LOG_LEVEL keeps SQL statements out of its output
 * (clickhouse-backup-api.md#program-log).
 */
function childEnvironment(
  env: Program['env'],
  more: Record<string, string> = {},
): Record<string, string> {
  const passed = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || name.startsWith('CHBACKUP_') ? [] : [[name, value] as const],
  );
  return { ...Object.fromEntries(passed), LOG_LEVEL: 'warning', ...more };
}

function cannotStart(path: string, code: string | undefined, cause: unknown): Error {
  const notFound = code === 'ENOENT' && !path.includes('/') ? 'it is not on PATH' : undefined;
  const reason = notFound ?? (code === undefined ? 'unknown reason' : describeErrno({ code }));
  const message = `cannot start ${presentable(path)}: ${reason}`;
  if (code !== undefined && !notAProgram.has(code)) {
    return new UnreachableError(message, { cause });
  }
  return new ConfigError(message, {
    hint: 'pass the path of clickhouse-backup with --binary-path',
    cause,
  });
}

function tooSlow(command: string, call: Call, pid: number | undefined, output: Output): Error {
  const { stdout, stderr } = output.read();
  const words = lastWords(`${stdout.text}\n${stderr.text}`);
  const time = formatDuration(call.limitMs);
  return new OperationTimeoutError(
    `clickhouse-backup ${command} is still running after ${time}${words && `: ${words}`}`,
    call.changes ? { hint: `it continues as process ${pid}` } : {},
  );
}

/** Returns why the program did not exit with 0: the error that it printed, if any. */
export function reasonOf(ended: Ended): string {
  if (ended.killedBy !== undefined) return `clickhouse-backup was killed by ${ended.killedBy}`;
  return errorText(ended.stdout.text, ended.stderr.text) || `exit code ${ended.exitCode}`;
}

/** Returns the error for a run that did not exit with 0. */
export function failureOf(ended: Ended): ResponseError {
  return new ResponseError(`clickhouse-backup ${ended.command} failed: ${reasonOf(ended)}`);
}
