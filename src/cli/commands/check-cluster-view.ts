import type { Shard } from '../../config/cluster.js';
import { resultOfError } from '../../use-cases/check/judge-without-list.js';
import { forEachShard } from '../each-shard.js';
import type { Execution } from '../execution.js';
import { checkHost, type CheckView, watchFailure } from './check-view.js';
import type { CheckedShard } from './checked-shard.js';

/** Checks all shards of a cluster at once. */
export async function checkCluster(
  view: CheckView,
  shards: readonly Shard[],
  execution: Execution,
): Promise<CheckedShard[]> {
  const outcomes = await forEachShard(
    execution,
    shards,
    ({ shard, onReplicas }) => checkHost(view, onReplicas, `shard ${shards.indexOf(shard) + 1}`),
    { onFailure: watchFailure },
  );
  return outcomes.map((outcome): CheckedShard => {
    if (outcome.kind === 'done') return outcome.result;
    const { label, error } = outcome;
    return { label, replicas: [], files: undefined, hasFiles: true, result: resultOfError(error) };
  });
}
