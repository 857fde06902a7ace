import {
  carryOut,
  type DeleteRequest,
  isToBeCarriedOut,
  type ShownPlan,
  underDeleteLock,
} from '../../use-cases/delete/delete-backups.js';
import { outcomeOf, type ShardOutcome } from '../shard-outcome.js';
import type { DeletionPart, PartEnd, PlannedPart } from './deletion-part.js';

interface DuePart {
  part: DeletionPart;
  plan: ShownPlan;
}

/** Carries out the plans of one shard, one after the other, and reports how each ended. */
export async function deleteInShard(
  request: DeleteRequest,
  planned: readonly PlannedPart[],
): Promise<PartEnd[]> {
  const due = planned.flatMap(({ part, plan }) => {
    const isDue = plan.kind === 'done' && isToBeCarriedOut(request, plan.result);
    return isDue ? [{ part, plan: plan.result }] : [];
  });
  const ends = await deleteUnderLock(request, due);
  return Promise.all(
    planned.map(async ({ part, plan }): Promise<PartEnd> => {
      const end = ends.get(part) ?? plan;
      return { part, plan, end: end.kind === 'failed' ? end : await finish(request, part) };
    }),
  );
}

async function deleteUnderLock(
  request: DeleteRequest,
  due: readonly DuePart[],
): Promise<Map<DeletionPart, ShardOutcome<void>>> {
  const ends = new Map<DeletionPart, ShardOutcome<void>>();
  const [first] = due;
  if (first === undefined) return ends;
  try {
    await underDeleteLock(request, first.plan, async () => {
      for (const each of due) ends.set(each.part, await deleteIn(request, each));
      // The log file and the status file of the shard show that a replica failed.
      for (const end of ends.values()) if (end.kind === 'failed') throw end.error;
    });
  } catch (error) {
    for (const { part } of due) {
      const { owner, execution } = part;
      if (ends.has(part)) continue;
      ends.set(part, await outcomeOf(owner, execution.reporter, () => Promise.reject(error)));
    }
  }
  return ends;
}

function deleteIn(request: DeleteRequest, { part, plan }: DuePart): Promise<ShardOutcome<void>> {
  const { owner, execution, progress } = part;
  return outcomeOf(owner, execution.reporter, async () => {
    try {
      await carryOut(request, plan, progress);
    } catch (error) {
      progress.reportProgress(error);
      throw error;
    }
  });
}

function finish(
  request: DeleteRequest,
  { owner, execution, context, progress }: DeletionPart,
): Promise<ShardOutcome<void>> {
  return outcomeOf(owner, execution.reporter, async () => {
    progress.reportEnd(request);
    if (context.log.failure !== undefined) throw context.log.failure;
  });
}
