import { setMaxListeners } from 'node:events';
import type { Shard } from '../config/cluster.js';
import type { Host } from '../config/host.js';
import type { ChbackupError } from '../errors.js';
import type { ShardWatch } from '../notify/monitor.js';
import { findShardFiles, type ShardFiles } from '../state/shard-files.js';
import { readRecordedTimes } from '../use-cases/recorded-times.js';
import { canAnimate } from './environment.js';
import type { Execution } from './execution.js';
import { endToJson, outcomeOf, type ShardOutcome } from './shard-outcome.js';
import { keepHeapSmall } from './small-heap.js';
import { ConsoleReporter } from './ui/console-reporter.js';
import type { LiveShards } from './ui/live-shards.js';

/** A shard's part of a command: its own files and reporter; everything else is shared. */
export interface ShardExecution {
  shard: Shard;
  /** One execution per replica, the preferred one first. They differ in their host only. */
  onReplicas: readonly Execution[];
}

export interface EachShardOptions {
  /** On a terminal, lines show what the shards are doing until all have ended. The default is true. */
  isLive?: boolean;
  /** Is called before the watch of a failed shard ends. */
  onFailure?: (error: ChbackupError, watch: ShardWatch | undefined) => void;
}

/** Does a command's work for all shards at once. One shard's error does not end the others. */
export async function forEachShard<T>(
  { settings, ...execution }: Execution,
  shards: readonly Shard[],
  work: (shard: ShardExecution) => Promise<T>,
  { isLive = true, onFailure }: EachShardOptions = {},
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
  const watched = async (watch: ShardWatch | undefined, part: Promise<ShardOutcome<T>>) => {
    const outcome = await part;
    if (outcome.kind === 'failed') onFailure?.(outcome.error, watch);
    watch?.end(endToJson(outcome).exitCode);
    return outcome;
  };
  const each = Promise.all(
    shards.map(async (shard, at): Promise<ShardOutcome<T>> => {
      const unnamed = `shard ${at + 1}`;
      let found: ShardFiles;
      try {
        found = findShardFiles(disk, settings.logDir, shard.replicas, times);
      } catch (error) {
        // Files that cannot be read exist, so an earlier run has reached the hosts.
        const reporter = openReporter(all, shard.label, true, live);
        const watch = watchShard(all, shard, undefined, reporter);
        return watched(
          watch,
          outcomeOf(shard, reporter, () => Promise.reject(error)),
        );
      }
      const isShown = found.files.exist() || shard.replicas.every((host) => isNamed(all, host));
      const reporter = openReporter(all, shard.label, isShown, live, unnamed);
      const watch = watchShard(all, shard, found, reporter);
      const begin = async () => work(openShard({ ...all, watch }, shard, found, reporter));
      return watched(watch, outcomeOf(shard, reporter, begin, unnamed));
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

function watchShard(
  { monitoring }: Execution,
  { replicas }: Shard,
  found: ShardFiles | undefined,
  reporter: ConsoleReporter,
): ShardWatch | undefined {
  const name = found?.files.owner ?? replicas[0]?.fileName ?? '';
  return monitoring?.watch({ name, files: found?.files, reporter });
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
