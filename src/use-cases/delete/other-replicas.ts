import { UnreachableError } from '../../errors.js';
import type { Replica, ShardContext } from '../context.js';
import { checkServer } from '../prepare-host.js';
import type { UsableReplicas } from '../usable-replicas.js';
import type { PlanRequest } from './make-plan.js';

// The replicas of a shard upload to one path of the remote storage. A server does not see what another
// one is uploading there, and a delete would end that upload.

/** Returns the context on the first replica that can be used; throws if a replica is needed but cannot. */
export async function chooseForDelete(
  request: PlanRequest,
  context: ShardContext,
  usable: UsableReplicas,
): Promise<ShardContext> {
  const { replicas } = context;
  if (replicas.length <= 1 || !needsAll(request)) return usable.choose(context);
  for (const { server: client, host } of replicas) {
    try {
      await checkServer({ ...context, client });
    } catch (error) {
      throw refusalOf(error, host, request);
    }
  }
  return context;
}

/**
 * Waits, for at most `--wait`, until no other replica of the shard is working. `--keep` and
 * `--older-than` do without a replica that cannot be used: they keep what may be an upload.
 */
export async function waitForOthers(
  request: PlanRequest,
  context: ShardContext,
  usable: UsableReplicas,
): Promise<void> {
  if (request.location === 'local') return;
  const { client, replicas, report } = context;
  for (const { server, host } of replicas) {
    if (server === client) continue;
    try {
      // It is not asked again: that may take the whole connect timeout once more.
      const problem = usable.problemOf({ host });
      if (problem !== undefined) throw problem;
      await waitUntilIdle({ server, host }, context);
    } catch (error) {
      if (!(error instanceof UnreachableError) || needsAll(request)) {
        throw refusalOf(error, host, request);
      }
      report.warn(
        `cannot find out whether the replica ${host} is uploading: ${error.message}; backups are deleted nevertheless, but none that may be an upload in progress`,
      );
    }
  }
}

async function waitUntilIdle(
  { server, host }: Pick<Replica, 'server' | 'host'>,
  context: ShardContext,
): Promise<void> {
  await checkServer({ ...context, client: server });
  context.report.phase(`checking that the replica ${host} is idle`);
  await server.waitUntilIdle();
}

/** True for selections that may contain what another replica is uploading. */
function needsAll({ selection: { kind } }: PlanRequest): boolean {
  return kind === 'all' || kind === 'names' || kind === 'broken';
}

/** Returns the error for a replica that is needed but cannot be used; any other error as it is. */
function refusalOf(error: unknown, host: string, { selection }: PlanRequest): unknown {
  if (!(error instanceof UnreachableError)) return error;
  const option = selection.kind === 'names' ? 'name' : selection.kind;
  return new UnreachableError(`nothing was deleted: ${error.message}`, {
    hint: `--${option} requires every replica of a shard, because ${host} may be uploading one of the backups; --keep and --older-than do not`,
    cause: error,
  });
}
