import type { Shard } from '../../config/cluster.js';
import type { ShardContext } from '../../use-cases/context.js';
import type { DeleteRequest, ShownPlan } from '../../use-cases/delete/delete-backups.js';
import { openReporter, type ShardExecution } from '../each-shard.js';
import type { ShardOutcome } from '../shard-outcome.js';
import type { Execution } from '../execution.js';
import { openReplicaContexts, openShardContext } from '../open-context.js';
import { DeletionProgress } from './delete-progress.js';

/**
 * What one plan is made for: the path of a shard on the remote storage or, for delete-local, the disk of
 * one replica.
 */
export interface DeletionPart {
  /** As typed, with its braces expanded. */
  shard: string;
  /** The shard, or a shard of the one replica. Messages name it. */
  owner: Shard;
  execution: Execution;
  context: ShardContext;
  progress: DeletionProgress;
}

export interface PlannedPart {
  part: DeletionPart;
  plan: ShardOutcome<ShownPlan>;
}

export interface PartEnd extends PlannedPart {
  end: ShardOutcome<unknown>;
}

export async function openDeletionParts(
  { location }: DeleteRequest,
  { shard, onReplicas }: ShardExecution,
): Promise<DeletionPart[]> {
  const { label: shardLabel } = shard;
  if (location === 'remote') {
    const context = await openShardContext(onReplicas);
    return onReplicas.slice(0, 1).map((execution) => {
      return {
        shard: shardLabel,
        owner: shard,
        execution,
        context,
        progress: new DeletionProgress(execution),
      };
    });
  }
  const executions = onReplicas.map((each) => {
    const { label } = each.settings.host;
    const isShown = each.newHost === undefined || each.newHost.label === label;
    return { ...each, reporter: openReporter(each, label, isShown) };
  });
  const contexts = await openReplicaContexts(executions);
  return contexts.flatMap((context, at) => {
    const execution = executions[at];
    if (execution === undefined) return [];
    const { host } = execution.settings;
    const owner = { label: host.label, replicas: [host] };
    return [
      { shard: shardLabel, owner, execution, context, progress: new DeletionProgress(execution) },
    ];
  });
}
