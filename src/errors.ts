/** The exit codes. The tables in README.md and in each `--help` are generated from these. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  notFound: 10,
  busy: 11,
  unauthorized: 12,
  unreachable: 13,
  timedOut: 14,
  interrupted: 130,
  terminated: 143,
} as const;

/** The meaning of each exit code, as shown in `--help` and README.md. */
export const exitCodeMeanings: Record<keyof typeof exitCodes, string> = {
  done: 'success',
  failed: 'failed, or success could not be verified',
  usage: 'invalid usage or configuration',
  partial: 'partly failed',
  notFound: 'backup or table not found',
  busy: 'busy or locked for longer than --wait',
  unauthorized: 'credentials rejected',
  unreachable: 'the server, or ClickHouse behind it, is unreachable',
  timedOut: 'timed out; the server may still be working',
  interrupted: 'stopped by SIGINT',
  terminated: 'stopped by SIGTERM',
};

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Each exit code in a word or two, for a line that names several failures. */
const exitCodeWords: Record<ExitCode, string> = {
  [exitCodes.done]: 'done',
  [exitCodes.failed]: 'failed',
  [exitCodes.usage]: 'invalid usage',
  [exitCodes.partial]: 'partly failed',
  [exitCodes.notFound]: 'not found',
  [exitCodes.busy]: 'busy',
  [exitCodes.unauthorized]: 'credentials rejected',
  [exitCodes.unreachable]: 'unreachable',
  [exitCodes.timedOut]: 'timed out',
  [exitCodes.interrupted]: 'stopped',
  [exitCodes.terminated]: 'stopped',
};

const signalCodes: ReadonlySet<number> = new Set([exitCodes.interrupted, exitCodes.terminated]);

/**
 * Returns the exit code of a command, given those of its parts: that of a signal if one stopped a part; 0
 * if all are done, 3 if only some are; if all failed, the code that they share, or 1.
 */
export function exitCodeOfParts<T extends number>(codes: readonly T[]): T | ExitCode {
  const stopped = codes.find((code) => signalCodes.has(code));
  if (stopped !== undefined) return stopped;
  const failed = codes.filter((code) => code !== exitCodes.done);
  if (failed.length === 0) return exitCodes.done;
  if (failed.length < codes.length) return exitCodes.partial;
  const [shared = exitCodes.failed, ...others] = new Set(failed);
  return others.length === 0 ? shared : exitCodes.failed;
}

export interface ErrorDetails {
  /** What the user can do about the error, in one sentence. */
  hint?: string;
  cause?: unknown;
}

/** An error whose message can be shown to the user: one line, without secrets. */
export abstract class ChbackupError extends Error {
  abstract readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.hint = details.hint;
  }
}

/** Invalid arguments or settings; nothing was done. */
export class ConfigError extends ChbackupError {
  override name = 'ConfigError' as const;
  readonly exitCode = exitCodes.usage;
}

/** The requested backup or table does not exist. */
export class NotFoundError extends ChbackupError {
  override name = 'NotFoundError' as const;
  readonly exitCode = exitCodes.notFound;
}

/** The server was busy, or another chbackup held the lock, for longer than `--wait`. */
export class BusyError extends ChbackupError {
  override name = 'BusyError' as const;
  readonly exitCode = exitCodes.busy;
}

/** The user or the password was rejected. */
export class UnauthorizedError extends ChbackupError {
  override name = 'UnauthorizedError' as const;
  readonly exitCode = exitCodes.unauthorized;
}

/** The server, or ClickHouse behind it, does not answer, or the local program cannot be run now. */
export class UnreachableError extends ChbackupError {
  override name = 'UnreachableError' as const;
  readonly exitCode = exitCodes.unreachable;
  /** True if the host is not down but set up wrongly: its certificate, or what listens on its port. */
  readonly isMisconfigured: boolean;
  constructor(message: string, details: ErrorDetails & { isMisconfigured?: boolean } = {}) {
    super(message, details);
    this.isMisconfigured = details.isMisconfigured ?? false;
  }
}

/**
 * clickhouse-backup, the server or the local program, reported an error, or its response or output
 * cannot be used.
 */
export class ResponseError extends ChbackupError {
  override name = 'ResponseError' as const;
  readonly exitCode = exitCodes.failed;
}

/** The operation ended in an error, or its success could not be verified. */
export class OperationFailedError extends ChbackupError {
  override name = 'OperationFailedError' as const;
  readonly exitCode = exitCodes.failed;
  /** The heading in the log file, if the bash agent has one for this error. */
  readonly heading: string | undefined;
  constructor(message: string, details: ErrorDetails & { heading?: string } = {}) {
    super(message, details);
    this.heading = details.heading;
  }
}

/** The operation took longer than allowed; the server may still be working. */
export class OperationTimeoutError extends ChbackupError {
  override name = 'OperationTimeoutError' as const;
  readonly exitCode = exitCodes.timedOut;
}

/** Two shards have one path of the remote storage; nothing was done. */
export class SharedPathError extends ChbackupError {
  override name = 'SharedPathError' as const;
  readonly exitCode = exitCodes.usage;
}

/** Some of several items were processed, others failed. */
export class PartialFailureError extends ChbackupError {
  override name = 'PartialFailureError' as const;
  readonly exitCode = exitCodes.partial;
}

/** Some or all shards of a cluster failed; each has reported its own error. */
export class ClusterError extends ChbackupError {
  override name = 'ClusterError' as const;
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A file of chbackup could not be read or written. */
export class StateError extends ChbackupError {
  override name = 'StateError' as const;
  readonly exitCode = exitCodes.failed;
}

/** Help or a result could not be written to stdout. */
export class OutputError extends ChbackupError {
  override name = 'OutputError' as const;
  readonly exitCode = exitCodes.failed;
}

/** chbackup was stopped by a signal. */
export class InterruptedError extends ChbackupError {
  override name = 'InterruptedError' as const;
  readonly exitCode: 130 | 143;
  readonly signalName: 'SIGINT' | 'SIGTERM';
  /** What was not done, such as "nothing was created"; undefined if the server may be working. */
  readonly unchanged: string | undefined;
  constructor(signalName: 'SIGINT' | 'SIGTERM', unchanged?: string) {
    super(`stopped by ${signalName}; ${unchanged ?? 'the server may still be working'}`);
    this.signalName = signalName;
    this.unchanged = unchanged;
    this.exitCode = signalName === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated;
  }
}

/** Returns an exit code in words and as a number: `busy, exit 11`. */
export function describeExitCode(exitCode: ExitCode): string {
  return `${exitCodeWords[exitCode]}, exit ${exitCode}`;
}

/** Returns the exit code of a command that ended with this error, which need not be a known one. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof ChbackupError ? error.exitCode : exitCodes.failed;
}
