import type { Shard } from '../../config/cluster.js';
import { ClusterError, exitCodeOf } from '../../errors.js';
import { type Listing, listBackups, type ListRequest } from '../../use-cases/list/list-backups.js';
import { beforeChanges } from '../../use-cases/confirmation.js';
import { explainFailure, UsableReplicas } from '../../use-cases/usable-replicas.js';
import { forEachShard } from '../each-shard.js';
import { endToJson, type ShardOutcome, throwIfFailed } from '../shard-outcome.js';
import type { Execution } from '../execution.js';
import { openContext } from '../open-context.js';
import { listingToJson, showListing } from './list-view.js';

interface ShardListing {
  /** The replica that was asked, as typed. */
  host: string;
  listing: Listing;
}

/** Runs `list` for all shards of a cluster, each on its first replica that can be used. */
export async function executeListOnCluster(
  request: ListRequest,
  shards: readonly Shard[],
  execution: Execution,
): Promise<void> {
  const { settings, output, reporter } = execution;
  const outcomes = await forEachShard(execution, shards, async ({ onReplicas }) => {
    return listOnFirst(request, onReplicas);
  });
  reporter.end();
  if (settings.json) output.resultJson(toJson(outcomes), 2);
  else {
    const listed = outcomes.filter((outcome) => outcome.kind === 'done');
    for (const [at, { shard, result }] of listed.entries()) {
      if (at > 0) output.resultLine([]);
      output.resultLine([
        { text: shard.label, color: 'bold' },
        hasLocal(request) && shard.replicas.length > 1 ? ` (local copies of ${result.host})` : '',
      ]);
      showListing(result.listing, execution);
    }
  }
  throwIfFailed(outcomes, { done: 'listed' });
  throwIfInDoubt(outcomes);
}

function hasLocal({ location }: ListRequest): boolean {
  return location !== 'remote';
}

async function listOnFirst(
  request: ListRequest,
  onReplicas: readonly Execution[],
): Promise<ShardListing> {
  const replicas = onReplicas.map((execution) => {
    return { host: execution.settings.host.label, execution };
  });
  // All replicas of a shard have the same reporter.
  const report = { warn: (text: string) => onReplicas[0]?.reporter.warn(text) };
  return new UsableReplicas(report).useFirst(replicas, async ({ host, execution }) => {
    const context = await openContext(execution, true);
    const list = () => listBackups(request, context);
    const listing = await beforeChanges('nothing was changed', () => {
      // With only one replica, there is no other one to hand over to.
      return replicas.length === 1 ? list() : explainFailure(context, list);
    });
    return { host, listing };
  });
}

/** A list that cannot be relied on is shown, but its shard is not listed. */
function throwIfInDoubt(outcomes: readonly ShardOutcome<ShardListing>[]): void {
  const doubts = outcomes.flatMap((outcome) => {
    const doubt = outcome.kind === 'done' ? outcome.result.listing.doubt : undefined;
    return doubt === undefined ? [] : [{ label: outcome.shard.label, doubt }];
  });
  const [first] = doubts;
  if (first === undefined) return;
  const isAll = doubts.length === outcomes.length;
  throw new ClusterError(
    `${doubts.map(({ label }) => label).join(', ')}: ${first.doubt.message}`,
    isAll ? exitCodeOf(first.doubt) : 3,
  );
}

/** The documented shape of `--json`; see docs/clusters.md. */
function toJson(outcomes: readonly ShardOutcome<ShardListing>[]): unknown {
  return {
    command: 'list',
    complete: outcomes.every((outcome) => outcome.kind === 'done'),
    shards: outcomes.map((outcome) => {
      const shard = outcome.shard.label;
      const end = endToJson(outcome);
      if (outcome.kind === 'failed') return { shard: outcome.label, ...end };
      const { host, listing } = outcome.result;
      return { shard, ...end, ...listingToJson(listing, host) };
    }),
  };
}
