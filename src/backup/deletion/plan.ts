import type { Backup } from '../backup.js';
import type { CreationTimes } from '../names.js';
import { orderDeletes } from './order.js';
import { findRequired } from './protection.js';
import type { Reason } from './reasons.js';
import { makeSelector, type SelectionInput, type Verdict } from './selection.js';

export interface PlanItem extends Verdict {
  backup: Backup;
}

/** Why a selection by name deletes nothing. */
export type Refusal =
  | { kind: 'not-found'; names: string[] }
  /** Backups that must be kept, each once. */
  | { kind: 'required'; kept: { name: string; reason: Reason }[] };

/** What will be done with each entry of a location, and why. */
export interface DeletionPlan {
  /** Every entry exactly once, in the order of the list. */
  items: PlanItem[];
  /** Names to delete, one after the other: increments before their bases (see `orderDeletes`). */
  order: string[];
  /** Everything is selected, so nothing is kept because a broken backup may require it. */
  all: boolean;
  recordedTimes: CreationTimes;
  /** Nothing is deleted. */
  refused?: Refusal;
}

/**
 * Plans a deletion: everything that is selected, except the bases that a kept backup requires,
 * directly or not, or may require because it is broken (see `findRequired`). A selection by name
 * that includes such a base or a missing backup is refused as a whole.
 *
 * Only entries of `location` count. Local copies are complete and mostly have no base, so deleting
 * them breaks no remote chain (clickhouse-backup-api.md#local-copies).
 */
export function planDeletion(input: SelectionInput): DeletionPlan {
  const backups = input.backups
    .filter((backup) => backup.location === input.location)
    .map((backup) => unlessConfirmed(backup, input.foreignTwice));
  const select = makeSelector({ ...input, backups });
  const items = backups.map((backup): PlanItem => ({ backup, ...select(backup) }));
  const { recordedTimes = new Map<string, number>() } = input;
  const all = input.selection.kind === 'all';
  const plan: DeletionPlan = { items, order: [], all, recordedTimes };

  if (input.selection.kind !== 'names') return narrow(plan, () => undefined);
  const present = new Set(backups.map((backup) => backup.name));
  const absent = [...new Set(input.selection.names)].filter((name) => !present.has(name));
  if (absent.length > 0) return refuse(plan, { kind: 'not-found', names: absent });
  const narrowed = narrow(plan, () => undefined);
  const kept = new Map<string, Reason>();
  for (const [at, { action, backup, reason }] of narrowed.items.entries()) {
    if (action !== items[at]?.action) kept.set(backup.name, reason);
  }
  if (kept.size === 0) return narrowed;
  return refuse(
    { ...plan, items: narrowed.items },
    { kind: 'required', kept: [...kept].map(([name, reason]) => ({ name, reason })) },
  );
}

/** An entry that was foreign only once counts as a broken backup, whose base must be kept. */
function unlessConfirmed(backup: Backup, foreignTwice: SelectionInput['foreignTwice']): Backup {
  if (backup.state !== 'foreign' || foreignTwice === undefined) return backup;
  return foreignTwice.has(backup.name) ? backup : { ...backup, state: 'broken' };
}

/**
 * Returns the plan to carry out: the one made under the lock, without deletes that were not shown.
 * The bases of a backup that is kept for this reason are kept as well.
 */
export function mergePlans(shown: DeletionPlan, fresh: DeletionPlan): DeletionPlan {
  const agreed = new Set(shown.order);
  return narrow(fresh, (name) => (agreed.has(name) ? undefined : { kind: 'not-in-shown-plan' }));
}

/** Returns how many backups are kept only because a broken backup may require them. */
export function countKeptForBroken({ items }: DeletionPlan): number {
  return items.filter(({ reason }) => reason.kind === 'may-be-required').length;
}

/**
 * Returns what is left of the order after deletes failed: without the failed backups and without the
 * bases that they require. `remaining` are the names in the plan's order that were not tried yet.
 */
export function dropBasesOf(
  plan: DeletionPlan,
  failed: readonly string[],
  remaining: readonly string[],
): string[] {
  const required = findRequired({
    backups: plan.items.map((item) => item.backup),
    toDelete: remaining,
    kept: failed,
    unknownBases: !plan.all,
  });
  return remaining.filter((name) => !required.has(name) && !failed.includes(name));
}

/** Returns the plan without the deletes that have an objection, and without the bases they require. */
function narrow(plan: DeletionPlan, objection: (name: string) => Reason | undefined): DeletionPlan {
  const toDelete = new Set<string>();
  const kept = new Set<string>();
  const reasons = new Map<string, Reason>();
  for (const { backup, action } of plan.items) {
    const { name } = backup;
    const reason = action === 'delete' ? objection(name) : undefined;
    if (reason !== undefined) reasons.set(name, reason);
    (action === 'delete' && reason === undefined ? toDelete : kept).add(name);
  }
  const backups = plan.items.map((item) => item.backup);
  const required = findRequired({ backups, toDelete, kept, unknownBases: !plan.all });
  for (const [name, reason] of required) {
    reasons.set(name, reason);
    toDelete.delete(name);
  }
  const items = plan.items.map((item): PlanItem => {
    const reason = reasons.get(item.backup.name);
    return reason === undefined ? item : { ...item, action: 'keep', reason };
  });
  return { ...plan, items, order: orderDeletes(backups, toDelete, plan.recordedTimes) };
}

function refuse(plan: DeletionPlan, refused: Refusal): DeletionPlan {
  const items = plan.items.map((item): PlanItem => {
    if (item.action === 'keep') return item;
    return { ...item, action: 'keep', reason: { kind: 'plan-refused' } };
  });
  return { ...plan, items, order: [], refused };
}
