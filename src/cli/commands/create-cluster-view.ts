import type { Shard } from '../../config/cluster.js';
import type { CommandRun } from '../../state/status.js';
import {
  createBackup,
  type CreateRequest,
  type CreateResult,
} from '../../use-cases/create/create-backup.js';
import type { CreateContext } from '../../use-cases/context.js';
import { UploadTurns } from '../../use-cases/create/upload-turns.js';
import { forEachShard } from '../each-shard.js';
import { type ShardOutcome, throwIfFailed } from '../shard-outcome.js';
import type { Execution } from '../execution.js';
import { openCreateContext } from '../open-context.js';
import { clusterToJson } from './create-cluster-json.js';
import { describeResult } from './create-view.js';

/** Runs create-full or create-diff for all shards of a cluster and reports the results. */
export async function executeCreateOnCluster(
  request: CreateRequest,
  shards: readonly Shard[],
  execution: Execution,
): Promise<void> {
  const { settings, reporter, output, signal } = execution;
  const turns = new UploadTurns(settings.parallel ?? shards.length);
  const runs = new Map<Shard, CommandRun>();
  const outcomes = await forEachShard(execution, shards, async ({ shard, onReplicas }) => {
    const run = await openCreateContext(onReplicas, {
      takeUploadTurn: (upload) => turns.take(upload, signal, () => waitForTurn(run)),
      runEnded: (end) => runs.set(shard, end),
    });
    const result = await createBackup(request, run);
    run.report.info(describeResult(result));
    if (run.log.failure !== undefined) throw run.log.failure;
    return result;
  });
  if (settings.json) {
    const ends = outcomes.map((outcome) => ({ outcome, run: runs.get(outcome.shard) }));
    output.resultJson(clusterToJson(request.kind, ends), 2);
  }
  const done = describeDone(outcomes);
  throwIfFailed(outcomes, {
    done,
    unfinished: (some) => `the outcome of ${some} is unknown, and the next run will check`,
  });
  reporter.info(
    outcomes.length === 1 ? `the shard is ${done}` : `all ${outcomes.length} shards are ${done}`,
  );
}

function waitForTurn({ report }: CreateContext): void {
  report.phase('waiting for its turn to upload', 'waiting');
}

/** Returns "backed up", and how many shards needed no backup because of `--if-older-than`. */
function describeDone(outcomes: readonly ShardOutcome<CreateResult>[]): string {
  const skipped = outcomes.filter(
    (outcome) => outcome.kind === 'done' && outcome.result.kind === 'skipped',
  ).length;
  if (skipped === 0) return 'backed up';
  return `backed up (${skipped} ${skipped === 1 ? 'was' : 'were'} recent enough)`;
}
