import type { Backup } from '../backup.js';
import { orderDeletes } from './order.js';
import { mayBeRequired, protectBases } from './protection.js';
import { makeSelector, type SelectionInput, type Verdict } from './selection.js';

export interface PlanItem extends Verdict {
  backup: Backup;
  /** A clause for a person. */
  reason: string;
}

/** Why a `--name` is refused as a whole: `not-found` is exit 10, `required` exit 1. */
export interface Refusal {
  kind: 'not-found' | 'required';
  names: string[];
  reason: string;
}

/** What will be done with each backup of a location, and why. */
export interface DeletionPlan {
  /** Every row exactly once, in the list's order. */
  items: PlanItem[];
  /** Names to delete, one after the other: dependents before their bases (see `orderDeletes`). */
  order: string[];
  /** Everything was asked for, so nothing is kept for the sake of a broken row. */
  all: boolean;
  /** Nothing is deleted. */
  refused?: Refusal;
}

/**
 * Decides what to delete: what the selection takes, less every base that a
 * backup which stays requires, directly or not, or, being broken, may require (see `protectBases`).
 * Asked for by `--name`, such a base, and a name that is not there, refuse the whole.
 *
 * Only rows of `location` count. Locally only the local `required` counts, which is mostly empty:
 * local copies stand alone, and no local delete breaks a remote chain (contract §5).
 */
export function planDeletion(input: SelectionInput): DeletionPlan {
  const backups = input.backups
    .filter((backup) => backup.location === input.location)
    .map((backup) => unlessConfirmed(backup, input.foreignTwice));
  const select = makeSelector({ ...input, backups });
  const items = backups.map((backup): PlanItem => ({ backup, ...select(backup) }));
  const plan: DeletionPlan = { items, order: [], all: 'all' in input.selection };

  if (!('names' in input.selection)) return narrow(plan, () => undefined);
  const present = new Set(backups.map((backup) => backup.name));
  const absent = [...new Set(input.selection.names)].filter((name) => !present.has(name));
  if (absent.length > 0) {
    const place = input.location === 'remote' ? 'on the remote storage' : 'on the server';
    const reason = `${absent.join(', ')}: no such backup ${place}`;
    return refuse(plan, { kind: 'not-found', names: absent, reason });
  }
  const narrowed = narrow(plan, () => undefined);
  const saved = narrowed.items.filter(({ action }, at) => action !== items[at]?.action);
  if (saved.length === 0) return narrowed;
  const names = [...new Set(saved.map((item) => item.backup.name))];
  const reason = saved.map((item) => `${item.backup.name}: ${item.reason}`).join('; ');
  return refuse({ ...plan, items: narrowed.items }, { kind: 'required', names, reason });
}

/** A row that was foreign only once counts as a broken backup, whose base must be kept. */
function unlessConfirmed(backup: Backup, foreignTwice: SelectionInput['foreignTwice']): Backup {
  if (backup.state !== 'foreign' || foreignTwice === undefined) return backup;
  return foreignTwice.has(backup.name) ? backup : { ...backup, state: 'broken' };
}

/**
 * The plan to carry out: the one made under the lock, less what the one shown did not have. Where
 * that leaves a backup standing, the bases under it stay too.
 */
export function mergePlans(shown: DeletionPlan, fresh: DeletionPlan): DeletionPlan {
  const agreed = new Set(shown.order);
  return narrow(fresh, (name) => (agreed.has(name) ? undefined : 'not in the plan that was shown'));
}

/** How many would be deleted if no broken row stayed that may require them. */
export function countHeldByBroken({ items }: DeletionPlan): number {
  return items.filter(({ action, reason }) => action === 'keep' && reason.endsWith(mayBeRequired))
    .length;
}

/**
 * What is left of the order after deletes failed: without the failed ones, and without the bases
 * that they still need. `remaining`: the names of the plan's order that were not tried yet.
 */
export function dropBasesOf(
  plan: DeletionPlan,
  failed: readonly string[],
  remaining: readonly string[],
): string[] {
  const spared = protectBases({
    backups: plan.items.map((item) => item.backup),
    doomed: remaining,
    staying: failed,
    hiddenBases: !plan.all,
  });
  return remaining.filter((name) => !spared.has(name) && !failed.includes(name));
}

/** The plan without the deletes that are objected to, and without the bases which that spares. */
function narrow(plan: DeletionPlan, objection: (name: string) => string | undefined): DeletionPlan {
  const doomed = new Set<string>();
  const staying = new Set<string>();
  const reasons = new Map<string, string>();
  for (const { backup, action } of plan.items) {
    const { name } = backup;
    const reason = action === 'delete' ? objection(name) : undefined;
    if (reason !== undefined) reasons.set(name, reason);
    (action === 'delete' && reason === undefined ? doomed : staying).add(name);
  }
  const backups = plan.items.map((item) => item.backup);
  const spared = protectBases({ backups, doomed, staying, hiddenBases: !plan.all });
  for (const [name, reason] of spared) {
    reasons.set(name, reason);
    doomed.delete(name);
  }
  const items = plan.items.map((item): PlanItem => {
    const reason = reasons.get(item.backup.name);
    return reason === undefined ? item : { ...item, action: 'keep', reason };
  });
  return { ...plan, items, order: orderDeletes(backups, doomed) };
}

function refuse(plan: DeletionPlan, refused: Refusal): DeletionPlan {
  const items = plan.items.map((item): PlanItem => {
    if (item.action === 'keep') return item;
    return { ...item, action: 'keep', reason: 'asked for by name, but nothing is deleted' };
  });
  return { ...plan, items, order: [], refused };
}
