import type { Shard } from '../config/cluster.js';
import {
  ChbackupError,
  ClusterError,
  describeExitCode,
  exitCodeOf,
  exitCodeOfParts,
  type ExitCode,
  exitCodes,
  InterruptedError,
} from '../errors.js';
import { plural } from '../text.js';
import { presentableError } from './unexpected-error.js';
import type { ConsoleReporter } from './ui/console-reporter.js';

/** How a shard's part of a command ended. */
export type ShardOutcome<T> =
  | { kind: 'done'; shard: Shard; result: T }
  /** `label` is safe to show: a new host may be a password in the wrong place. */
  | { kind: 'failed'; shard: Shard; label: string; error: ChbackupError };

/**
 * Does a part of a command's work; reports its error. `unnamed`: what messages call the shard as long as its
 * host may be a password in the wrong place.
 */
export async function outcomeOf<T>(
  shard: Shard,
  reporter: ConsoleReporter,
  work: () => Promise<T>,
  unnamed = 'the host given as an argument',
): Promise<ShardOutcome<T>> {
  try {
    const result = await work();
    reporter.end();
    return { kind: 'done', shard, result };
  } catch (error) {
    const known = presentableError(error);
    reporter.failed(known);
    return { kind: 'failed', shard, label: reporter.visibleHost || unnamed, error: known };
  }
}

/** Returns how a part of a command ended, for `--json`. */
export function endToJson(end: ShardOutcome<unknown>): {
  exitCode: ExitCode;
  error: string | null;
} {
  if (end.kind === 'done') return { exitCode: exitCodes.done, error: null };
  return { exitCode: exitCodeOf(end.error), error: end.error.message };
}

/** What the last line of a command calls its parts and their outcomes. */
export interface OutcomeWords {
  /** What was done, such as "backed up". */
  done: string;
  /** What the outcomes are of: `shard` by default. */
  part?: 'shard' | 'replica';
  /** What is true of parts (given as "2 shards") on which a signal has left work in progress. */
  unfinished?: (parts: string) => string;
}

/** Throws unless all shards are done, with the exit code of `exitCodeOfParts`. */
export function throwIfFailed(
  outcomes: readonly ShardOutcome<unknown>[],
  words: OutcomeWords,
): void {
  const notDone = outcomes.filter((outcome) => outcome.kind === 'failed');
  if (notDone.length === 0) return;
  const { done, part = 'shard' } = words;
  const count = outcomes.length - notDone.length;
  const verb = count === 1 || outcomes.length === 1 ? 'is' : 'are';
  const progress = `${count} of ${plural(outcomes.length, part)} ${verb} ${done}`;
  const stops = notDone.flatMap(({ error }) => (error instanceof InterruptedError ? [error] : []));
  const failed = notDone.filter(({ error }) => !(error instanceof InterruptedError));
  const names = failed.map(
    ({ label, error }) => `${label} (${describeExitCode(exitCodeOf(error))})`,
  );
  const failures = failed.length === 0 ? [] : [`failed: ${names.join(', ')}`];
  const exitCode = exitCodeOfParts(outcomes.map((outcome) => endToJson(outcome).exitCode));
  const [stop] = stops;
  if (stop !== undefined) {
    const parts = [`stopped by ${stop.signalName}`, progress, ...describeStops(stops, words)];
    throw new ClusterError([...parts, ...failures].join('; '), exitCode);
  }
  const message = [progress, ...failures].join('; ');
  throw new ClusterError(message, exitCode);
}

/** Returns a clause about the parts in which nothing was done, and one about the others. */
function describeStops(
  stops: readonly InterruptedError[],
  { part = 'shard', unfinished = mayBeWorking }: OutcomeWords,
): string[] {
  const before = stops.flatMap(({ unchanged }) => unchanged ?? []);
  const others = stops.length - before.length;
  const [unchanged] = before;
  return [
    ...(unchanged === undefined ? [] : [`${unchanged} in ${plural(before.length, part)}`]),
    ...(others === 0 ? [] : [unfinished(plural(others, part))]),
  ];
}

function mayBeWorking(parts: string): string {
  return `the server may still be working in ${parts}`;
}
