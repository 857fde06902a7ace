import type { DeletionPlan } from '../../backup/deletion/plan.js';
import type { Shard } from '../../config/cluster.js';
import { type ChbackupError, ClusterError, SharedPathError } from '../../errors.js';
import { beforeChanges } from '../../use-cases/confirmation.js';
import {
  type DeleteRequest,
  getYes,
  showPlan as makePlan,
  unchanged,
} from '../../use-cases/delete/delete-backups.js';
import { plural } from '../../text.js';
import { forEachShard, type ShardExecution } from '../each-shard.js';
import { endToJson, outcomeOf, type ShardOutcome, throwIfFailed } from '../shard-outcome.js';
import type { Execution } from '../execution.js';
import { presentableError } from '../unexpected-error.js';
import { askForYes } from '../ui/questions.js';
import { deleteInShard } from './delete-in-shard.js';
import { describeEnd } from './delete-progress.js';
import { showPlan, showSum } from './delete-table.js';
import {
  type DeletionPart,
  openDeletionParts,
  type PartEnd,
  type PlannedPart,
} from './deletion-part.js';

/**
 * Runs delete-remote or delete-local for all shards of a cluster: makes and shows all plans, asks once,
 * and then deletes in all shards at once.
 */
export async function executeDeleteOnCluster(
  request: DeleteRequest,
  shards: readonly Shard[],
  execution: Execution,
): Promise<void> {
  const { settings, output, reporter } = execution;
  const open = (each: ShardExecution) => openDeletionParts(request, each);
  const opened = await forEachShard(execution, shards, open, { isLive: false });
  const planned = await Promise.all(
    opened.map((each) => planAll(request, each.kind === 'done' ? each.result : [])),
  );
  let refusal: ChbackupError | undefined;
  try {
    await agree(request, planned.flat(), execution);
  } catch (error) {
    refusal = presentableError(error);
  }
  const ends =
    refusal === undefined
      ? await Promise.all(planned.map((ofShard) => deleteInShard(request, ofShard)))
      : planned.map((ofShard) => endAll(ofShard, refusal));
  if (settings.json) output.resultJson(toJson(request, opened, ends), 2);
  if (refusal !== undefined) throw refusal;
  const notOpened = opened.filter(({ kind }) => kind === 'failed');
  const all = [...notOpened, ...ends.flat().map(({ end }) => end)];
  throwIfFailed(all, { done: 'done', part: partOf(request) });
  const parts = ends.flat().map(({ part }) => part);
  const progresses = parts.map(({ progress }) => progress);
  reporter.info(describeEnd(request, progresses, nameOwners(request, parts)));
}

function planAll(request: DeleteRequest, parts: readonly DeletionPart[]): Promise<PlannedPart[]> {
  return Promise.all(
    parts.map(async (part): Promise<PlannedPart> => {
      const { owner, execution, context, progress } = part;
      const plan = await outcomeOf(owner, execution.reporter, () =>
        makePlan(request, context, progress),
      );
      return { part, plan };
    }),
  );
}

/** Shows all plans and asks whether to carry them out; throws if not. */
async function agree(
  request: DeleteRequest,
  planned: readonly PlannedPart[],
  execution: Execution,
): Promise<void> {
  const { settings, reporter, signal } = execution;
  reporter.end();
  throwIfPathShared(planned);
  if (!settings.json) showPlans(request, planned, execution);
  const made = planned.filter(({ plan }) => plan.kind === 'done').map(({ part }) => part);
  const ask = (question: string) => askForYes(question, execution);
  await beforeChanges(unchanged, async () => signal.throwIfAborted());
  await getYes(request, { ask }, plansOf(made), nameOwners(request, made));
}

/** One path that two shards have stops all: which of the two has which backup is unknown. */
function throwIfPathShared(planned: readonly PlannedPart[]): void {
  const shared = planned.filter(
    ({ plan }) => plan.kind === 'failed' && plan.error instanceof SharedPathError,
  );
  if (shared.length === 0) return;
  const names = shared.map(({ part }) => part.owner.label).join(', ');
  throw new ClusterError(
    `nothing was deleted in any shard: the path of another shard on the remote storage is that of ${names}`,
    2,
  );
}

function showPlans(
  request: DeleteRequest,
  planned: readonly PlannedPart[],
  execution: Execution,
): void {
  const parts = planned.map(({ part }) => part).filter(hasBackups);
  for (const { owner, progress } of parts) {
    if (progress.shown === undefined) continue;
    execution.output.resultLine([{ text: owner.label, color: 'bold' }]);
    showPlan(progress.shown, execution, owner.label);
  }
  if (parts.length > 1) showSum(plansOf(parts), nameOwners(request, parts), execution);
}

function hasBackups({ progress }: DeletionPart): boolean {
  return (progress.shown?.items.length ?? 0) > 0;
}

function plansOf(parts: readonly DeletionPart[]): DeletionPlan[] {
  return parts.flatMap(({ progress }) => progress.shown ?? []);
}

/** Returns "3 shards", counting those with backups to delete, or the only one as typed. */
function nameOwners(request: DeleteRequest, parts: readonly DeletionPart[]): string {
  const [first, ...others] = parts.filter(
    ({ progress }) => (progress.shown?.order.length ?? 0) > 0,
  );
  if (first === undefined) return plural(0, partOf(request));
  return others.length === 0 ? first.owner.label : plural(1 + others.length, partOf(request));
}

function partOf({ location }: DeleteRequest): 'shard' | 'replica' {
  return location === 'remote' ? 'shard' : 'replica';
}

/** Ends all parts without deleting anything, because of an error that is not about one of them. */
function endAll(planned: readonly PlannedPart[], error: ChbackupError): PartEnd[] {
  return planned.map(({ part, plan }) => {
    if (plan.kind === 'failed') return { part, plan, end: plan };
    const { owner } = part;
    return { part, plan, end: { kind: 'failed', shard: owner, label: owner.label, error } };
  });
}

/** The documented shape of `--json`; see docs/delete.md. */
function toJson(
  request: DeleteRequest,
  opened: readonly ShardOutcome<unknown>[],
  ends: readonly PartEnd[][],
): unknown {
  const shards = opened.flatMap((each, at) => {
    if (each.kind === 'failed') return [{ shard: each.label, ...endToJson(each) }];
    return (ends[at] ?? []).map(({ part, plan, end }) => {
      const { shard, context, progress } = part;
      const { host } = plan.kind === 'done' ? plan.result.context : context;
      return { shard, ...endToJson(end), ...progress.toJson(request, host) };
    });
  });
  return {
    command: `delete-${request.location}`,
    complete: shards.every(({ exitCode }) => exitCode === 0),
    shards,
  };
}
