import { setMaxListeners } from 'node:events';
import type { Shard } from '../config/cluster.js';
import type { Host } from '../config/host.js';
import {
  ChbackupError,
  ClusterError,
  describeExitCode,
  exitCodeOf,
  exitCodes,
  InterruptedError,
} from '../errors.js';
import { findShardFiles, type ShardFiles } from '../state/shard-files.js';
import { readRecordedTimes } from '../use-cases/recorded-times.js';
import { canAnimate } from './environment.js';
import type { Execution } from './execution.js';
import { plural } from '../text.js';
import { keepHeapSmall } from './small-heap.js';
import { presentableError } from './unexpected-error.js';
import { ConsoleReporter } from './ui/console-reporter.js';
import type { LiveShards } from './ui/live-shards.js';

/** A shard's part of a command: its own files and reporter; everything else is shared. */
export interface ShardExecution {
  shard: Shard;
  /** One execution per replica, the preferred one first. They differ in their host only. */
  onReplicas: readonly Execution[];
}

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

/** How a shard's part of a command ended. */
export type ShardOutcome<T> =
  | { kind: 'done'; shard: Shard; result: T }
  /** `label` is safe to show: a new host may be a password in the wrong place. */
  | { kind: 'failed'; shard: Shard; label: string; error: ChbackupError };

/**
 * Does a command's work for all shards at once. One shard's error does not end the others. `isLive`:
 * on a terminal, lines show what the shards are doing until all have ended.
 */
export async function forEachShard<T>(
  { settings, ...execution }: Execution,
  shards: readonly Shard[],
  work: (shard: ShardExecution) => Promise<T>,
  isLive = true,
): Promise<ShardOutcome<T>[]> {
  keepHeapSmall(shards.length);
  const all = { ...execution, settings };
  const { disk, logDirectory, reporter: shared } = execution;
  const times = readRecordedTimes({ logDirectory, report: shared }, () =>
    logDirectory.earlierTimes(),
  );
  // Each shard listens to it; Node would warn of a leak.
  setMaxListeners(0, execution.signal);
  const live = isLive ? await openLiveShards(all, shards.length) : undefined;
  const each = Promise.all(
    shards.map(async (shard, at): Promise<ShardOutcome<T>> => {
      const unnamed = `shard ${at + 1}`;
      let found: ShardFiles;
      try {
        found = findShardFiles(disk, settings.logDir, shard.replicas, times);
      } catch (error) {
        // Files that cannot be read exist, so an earlier run has reached the hosts.
        return outcomeOf(shard, openReporter(all, shard.label, true, live), () =>
          Promise.reject(error),
        );
      }
      const isShown = found.files.exist() || shard.replicas.every((host) => isNamed(all, host));
      const reporter = openReporter(all, shard.label, isShown, live, unnamed);
      const begin = async () => work(openShard(all, shard, found, reporter));
      return outcomeOf(shard, reporter, begin, unnamed);
    }),
  );
  return each.finally(() => live?.stop());
}

/** Loaded only where there is a terminal for it. */
async function openLiveShards(
  { environment, output, settings: { json, quiet } }: Execution,
  total: number,
): Promise<LiveShards | undefined> {
  if (json || quiet || !canAnimate(environment)) return undefined;
  const { showShards } = await import('./ui/live-shards.js');
  return showShards(environment, output, total);
}

/** Returns how a part of a command ended, for `--json`. */
export function endToJson(end: ShardOutcome<unknown>): { exitCode: number; error: string | null } {
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

/**
 * Throws unless all shards are done. The exit code is that of the signal if one stopped the command;
 * otherwise 3 if some are done, or else the code that all shards share, or 1.
 */
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
  const codes = new Set(failed.map(({ error }) => exitCodeOf(error)));
  const [code = exitCodes.failed] = codes;
  const shared = codes.size === 1 ? code : exitCodes.failed;
  const names = failed.map(
    ({ label, error }) => `${label} (${describeExitCode(exitCodeOf(error))})`,
  );
  const failures = failed.length === 0 ? [] : [`failed: ${names.join(', ')}`];
  const [stop] = stops;
  if (stop !== undefined) {
    const parts = [`stopped by ${stop.signalName}`, progress, ...describeStops(stops, words)];
    throw new ClusterError([...parts, ...failures].join('; '), stop.exitCode);
  }
  const message = [progress, ...failures].join('; ');
  throw new ClusterError(message, count > 0 ? exitCodes.partial : shared);
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

/** Returns false if the host may be a password in the wrong place. */
function isNamed({ nameNewHost }: Execution, host: Host): boolean {
  return nameNewHost(host).label === host.label;
}

/**
 * Returns a reporter each line of which begins with the label of a shard or replica. `unnamed`: what its
 * live line begins with as long as the label may not be shown.
 */
export function openReporter(
  { environment, output, settings }: Execution,
  label: string,
  mayShowHost: boolean,
  live?: LiveShards,
  unnamed = label,
): ConsoleReporter {
  const reporter: ConsoleReporter = new ConsoleReporter({
    output: live?.output ?? output,
    clock: environment.clock,
    host: label,
    isShard: true,
    mayShowHost,
    quiet: settings.quiet,
    verbose: settings.verbose,
    json: settings.json,
    onStep: environment.onStep,
    spinner: live?.open(() => reporter.visibleHost || unnamed),
  });
  return reporter;
}

function openShard(
  { settings, ...all }: Execution,
  shard: Shard,
  { files, owner, others }: ShardFiles,
  reporter: ConsoleReporter,
): ShardExecution {
  if (others.length > 0) {
    const names = [owner, ...others].map(({ fileName }) => fileName);
    reporter.warn(
      `several replicas have files in the log directory (${names.join(', ')}); those of ${owner.fileName} are used, because its last backup is the newest`,
    );
  }
  const isKnown = files.exist();
  const signal = ownSignal(all.signal);
  const on = (host: Host): Execution => {
    const newHost = isKnown ? undefined : all.nameNewHost(host);
    return { ...all, settings: { ...settings, host }, signal, reporter, files, newHost };
  };
  return { shard, onReplicas: shard.replicas.map(on) };
}

/**
 * Returns a signal that is aborted with another one. All waits of a shard listen to its own: adding a
 * listener takes the longer the more there are, and the waits of 1,000 shards are thousands.
 */
function ownSignal(shared: AbortSignal): AbortSignal {
  const own = new AbortController();
  setMaxListeners(0, own.signal);
  const abort = () => own.abort(shared.reason);
  if (shared.aborted) abort();
  else shared.addEventListener('abort', abort, { once: true });
  return own.signal;
}
