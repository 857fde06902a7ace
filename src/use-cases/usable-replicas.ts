import {
  InterruptedError,
  OperationTimeoutError,
  ResponseError,
  UnreachableError,
} from '../errors.js';
import type { CommandContext, CreateContext, Replica, ShardContext } from './context.js';
import { checkServer } from './prepare-host.js';
import type { Reporter } from './reporter.js';

/**
 * Finds the replica of a shard that a command works on: the first one that can be used. All replicas have
 * the same data, but each has its own disk and its own action log. One that could not be used is not asked
 * again, because it may have taken the whole connect timeout, unless no other one can be used.
 */
export class UsableReplicas {
  private readonly report: Pick<Reporter, 'warn'>;
  /** Why a replica cannot be used, by host. */
  private readonly problems = new Map<string, UnreachableError>();
  /** Those that could be used at first. Each hands over once, so that a run always ends. */
  private readonly handedOver = new Set<string>();
  private warned: string | undefined;

  constructor(report: Pick<Reporter, 'warn'>) {
    this.report = report;
  }

  /** Returns false for a replica that could not be used. */
  mayUse({ host }: Pick<Replica, 'host'>): boolean {
    return !this.problems.has(host);
  }

  /** Returns why a replica could not be used; undefined if it could, or was not asked. */
  problemOf({ host }: Pick<Replica, 'host'>): UnreachableError | undefined {
    return this.problems.get(host);
  }

  /**
   * Does work on the first replica that can be used, and warns if that is not the first one. Throws
   * `UnreachableError` if there is none. Other errors are not about one server.
   */
  async useFirst<R extends Pick<Replica, 'host'>, T>(
    replicas: readonly R[],
    use: (replica: R) => Promise<T>,
  ): Promise<T> {
    const [only] = replicas;
    if (only !== undefined && replicas.length === 1) return use(only);
    const fresh = replicas.filter((replica) => this.mayUse(replica));
    const others = replicas.filter((replica) => !this.mayUse(replica));
    for (const replica of [...fresh, ...others]) {
      const result = await this.tryOn(replica, () => use(replica));
      if (result === undefined) continue;
      this.warnOf(replica, replicas);
      return result.value;
    }
    throw this.noneUsable();
  }

  /** Returns the context on the first replica that can be used, the preferred one first. */
  choose<C extends ShardContext>(context: C, preferred?: string): Promise<C> {
    const { replicas } = context;
    // The local program does not know its host.
    if (replicas.length === 0) return checkServer(context).then(() => context);
    const first = replicas.filter(({ name }) => name === preferred);
    const others = replicas.filter(({ name }) => name !== preferred);
    return this.useFirst([...first, ...others], async (replica) => {
      const chosen = onReplica(context, replica);
      await checkServer(chosen);
      return chosen;
    });
  }

  /** Returns the result of work on a replica; undefined if the replica cannot be used. */
  async tryOn<T>(
    replica: Pick<Replica, 'host'>,
    work: () => Promise<T>,
  ): Promise<{ value: T } | undefined> {
    try {
      const value = await work();
      this.problems.delete(replica.host);
      return { value };
    } catch (error) {
      if (!isDown(error)) throw error;
      this.problems.set(replica.host, error);
      return undefined;
    }
  }

  /**
   * Returns the result of work on a replica; undefined if another replica is to do it, because this one
   * cannot be used any more, and no POST can have reached it: two replicas never work for one run.
   */
  async tryUntilPost<T>(
    run: CreateContext,
    work: () => Promise<T>,
  ): Promise<{ value: T } | undefined> {
    try {
      return { value: await work() };
    } catch (error) {
      if (await this.handsOver(run, error)) return undefined;
      throw error;
    }
  }

  /** The hint of all, if they have the same, knows more than the general one. */
  private noneUsable(): UnreachableError {
    const problems = [...this.problems.values()];
    const hints = new Set(problems.map(({ hint }) => hint));
    const [shared] = hints;
    const general =
      'check that ClickHouse and clickhouse-backup server run on at least one of them';
    return new UnreachableError(
      `no replica can be used: ${problems.map(({ message }) => message).join('; ')}`,
      { hint: hints.size === 1 && shared !== undefined ? shared : general },
    );
  }

  private async handsOver(
    { replica, replicas, ...run }: CreateContext,
    error: unknown,
  ): Promise<boolean> {
    const { host, server } = replica;
    if (replicas.length <= 1 || server.mayHavePosted || this.handedOver.has(host)) return false;
    const down = isDown(error) ? error : await findReason(run, error);
    if (down === undefined) return false;
    this.problems.set(host, down);
    this.handedOver.add(host);
    return true;
  }

  private warnOf({ host }: Pick<Replica, 'host'>, replicas: readonly Pick<Replica, 'host'>[]) {
    const before = replicas.slice(
      0,
      replicas.findIndex((each) => each.host === host),
    );
    const problems = before.flatMap((each) => this.problems.get(each.host)?.message ?? []);
    if (problems.length === 0) return;
    const warning = `using the replica ${host}: ${problems.join('; ')}`;
    if (warning !== this.warned) this.report.warn(warning);
    this.warned = warning;
  }
}

/** Does work; if it fails because ClickHouse has gone down meanwhile, throws that. */
export async function explainFailure<T>(
  context: Pick<CommandContext, 'client' | 'report'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw (await findReason(context, error)) ?? error;
  }
}

/** A list that fails or gets no answer may be the first to show that ClickHouse is down. */
async function findReason(
  context: Pick<CommandContext, 'client' | 'report'>,
  error: unknown,
): Promise<UnreachableError | undefined> {
  if (!(error instanceof ResponseError || error instanceof OperationTimeoutError)) return undefined;
  try {
    await checkServer(context);
    return undefined;
  } catch (reason) {
    if (isDown(reason)) return reason;
    if (reason instanceof InterruptedError) throw reason;
    return undefined;
  }
}

/** Returns the same context on a replica. */
export function onReplica<C extends ShardContext>(context: C, replica: Replica): C {
  const { host, server, deleteLocalCommand } = replica;
  return { ...context, replica, host, server, client: server, deleteLocalCommand };
}

/** True for a server that is down; certificates and other services on its port are errors of a person. */
function isDown(error: unknown): error is UnreachableError {
  return error instanceof UnreachableError && !error.isMisconfigured;
}
