import { UnreachableError } from '../../errors.js';
import type { CreateContext, Replica, ShardContext } from '../context.js';
import { checkServer } from '../prepare-host.js';

/** A run on the replica that does its work. */
export interface ChosenReplica<C extends ShardContext> {
  run: C;
  /** True if a replica that should have done the work could not be used. */
  isFallback: boolean;
}

/**
 * Returns the run on the first replica that can be used, the preferred one first. Nothing was posted to
 * another one: all replicas have the same data, but each has its own disk and its own action log. Throws
 * `UnreachableError` if none can be used; other errors end the run, because they are not about one server.
 */
export async function chooseReplica<C extends ShardContext>(
  run: C,
  preferred: string | undefined,
): Promise<ChosenReplica<C>> {
  const { report, replicas } = run;
  if (replicas.length <= 1) {
    await checkServer(run);
    return { run, isFallback: false };
  }
  const ordered = inOrder(replicas, preferred);
  const problems: string[] = [];
  for (const [at, replica] of ordered.entries()) {
    const chosen = on(run, replica);
    try {
      await checkServer(chosen);
      if (at > 0) report.warn(`using the replica ${replica.host}: ${problems.join('; ')}`);
      return { run: chosen, isFallback: at > 0 };
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      problems.push(error.message);
    }
  }
  throw new UnreachableError(`no replica can be used: ${problems.join('; ')}`, {
    hint: 'check that ClickHouse and clickhouse-backup server run on at least one of them',
  });
}

/**
 * Returns the run on the replica that an interrupted run worked on; undefined if it cannot be used, so
 * that only the remote storage shows how that run ended.
 */
export async function findOwnReplica(
  run: CreateContext,
  name: string,
): Promise<CreateContext | undefined> {
  if (name === run.replica.name) return run;
  const replica = run.replicas.find((each) => each.name === name);
  if (replica === undefined) return undefined;
  const own = on(run, replica);
  try {
    await checkServer(own);
    return own;
  } catch (error) {
    if (error instanceof UnreachableError) return undefined;
    throw error;
  }
}

function inOrder(replicas: readonly Replica[], preferred: string | undefined): Replica[] {
  const first = replicas.filter(({ name }) => name === preferred);
  return [...first, ...replicas.filter(({ name }) => name !== preferred)];
}

function on<C extends ShardContext>(run: C, replica: Replica): C {
  const { host, server } = replica;
  return { ...run, replica, host, server, client: server };
}
