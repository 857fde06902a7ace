import type { BackupKind } from '../../backup/backup.js';
import type { Shard } from '../../config/cluster.js';
import {
  createBackup,
  type CreateRequest,
  type CreateResult,
} from '../../use-cases/create/create-backup.js';
import { UploadTurns } from '../../use-cases/create/upload-turns.js';
import { endToJson, forEachShard, type ShardOutcome, throwIfFailed } from '../each-shard.js';
import type { Execution } from '../execution.js';
import { openCreateContext } from '../open-context.js';
import { describeResult, resultToJson } from './create-view.js';

/** Runs create-full or create-diff for all shards of a cluster and reports the results. */
export async function executeCreateOnCluster(
  request: CreateRequest,
  shards: readonly Shard[],
  execution: Execution,
): Promise<void> {
  const { settings, reporter, output, signal } = execution;
  const turns = new UploadTurns(settings.parallel ?? shards.length);
  const outcomes = await forEachShard(execution, shards, async ({ onReplicas }) => {
    const run = await openCreateContext(onReplicas, (upload) => turns.take(upload, signal));
    const result = await createBackup(request, run);
    run.report.info(describeResult(result));
    if (run.log.failure !== undefined) throw run.log.failure;
    return result;
  });
  if (settings.json) output.resultJson(toJson(request.kind, outcomes), 2);
  const done = describeDone(outcomes);
  throwIfFailed(outcomes, done);
  reporter.info(
    outcomes.length === 1 ? `the shard is ${done}` : `all ${outcomes.length} shards are ${done}`,
  );
}

/** Returns "backed up", and how many shards needed no backup because of `--if-older-than`. */
function describeDone(outcomes: readonly ShardOutcome<CreateResult>[]): string {
  const skipped = outcomes.filter(
    (outcome) => outcome.kind === 'done' && outcome.result.kind === 'skipped',
  ).length;
  if (skipped === 0) return 'backed up';
  return `backed up (${skipped} ${skipped === 1 ? 'was' : 'were'} recent enough)`;
}

/** The documented shape of `--json`; see docs/clusters.md. */
function toJson(kind: BackupKind, outcomes: readonly ShardOutcome<CreateResult>[]): unknown {
  return {
    command: `create-${kind.toLowerCase()}`,
    complete: outcomes.every((outcome) => outcome.kind === 'done'),
    shards: outcomes.map((outcome) => {
      const { label: shard, replicas } = outcome.shard;
      const end = endToJson(outcome);
      if (outcome.kind === 'failed') return { shard: outcome.label, ...end };
      const { result } = outcome;
      const ended = { shard, ...end };
      if (result.kind === 'skipped') return { ...ended, ...resultToJson(result) };
      const { replica, notReplicated } = result.created;
      const host = replicas.find(({ fileName }) => fileName === replica)?.label ?? shard;
      return { ...ended, host, ...resultToJson(result), notReplicated };
    }),
  };
}
