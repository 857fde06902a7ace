import type { DeletionPlan, PlanItem } from '../../backup/deletion/plan.js';
import { plural } from '../../text.js';
import {
  describeFreed,
  describeReason,
  describeSharedReason,
} from '../../use-cases/delete/reason-text.js';
import type { Execution } from '../execution.js';
import type { Cell } from '../ui/output.js';
import { layOut, wrap } from '../ui/tables.js';

/**
 * Shows a plan: first what is kept, as counts by reason unless `--verbose`, then what is deleted and the
 * sum, so that these are what a long plan leaves on the screen. `owner`: the host, shard or replica.
 */
export function showPlan(
  plan: DeletionPlan,
  { settings, output }: Execution,
  owner = settings.host.label,
): void {
  const { items } = plan;
  if (items.length === 0) return;
  const { stdoutColumns: width } = output;
  const kept = items.filter(({ action }) => action === 'keep');
  const deleted = items.filter(({ action }) => action === 'delete');
  const listed = settings.verbose ? [...kept, ...deleted] : deleted;
  const wrapped = (cells: string[][]) => cells.flatMap(([line = '']) => wrap(line, width, 7));
  if (!settings.verbose) output.resultTable(foldKept(kept), wrapped);
  output.resultTable(listed.map(toCells), (cells) =>
    layOut(cells, { width, nameColumn: 1, overflow: 'cut' }),
  );
  output.resultTable([[sumUp([plan], owner)]], wrapped);
}

/** Shows the sum of several plans, which are those of `owner`. */
export function showSum(
  plans: readonly DeletionPlan[],
  owner: string,
  { output }: Execution,
): void {
  output.resultTable([[sumUp(plans, owner)]], (cells) =>
    cells.flatMap(([line = '']) => wrap(line, output.stdoutColumns, 7)),
  );
}

function sumUp(plans: readonly DeletionPlan[], owner: string): Cell {
  const items = plans.flatMap((plan) => plan.items);
  const kept = items.filter(({ action }) => action === 'keep').length;
  const total = plans.reduce((sum, { order }) => sum + order.length, 0);
  const count = plural(total, `${items[0]?.backup.location} backup`);
  const deleted = total === 0 ? 'nothing' : `${count} of ${owner}${describeFreed(...plans)}`;
  return [{ text: 'plan:', color: 'bold' }, ` keep ${kept}, delete ${deleted}`];
}

function toCells({ backup, action, reason }: PlanItem): Cell[] {
  return [
    [{ text: action, color: action === 'delete' ? 'red' : 'green' }],
    [backup.name],
    [describeReason(reason)],
  ];
}

/** Returns the number of kept backups by reason, those that are alone with theirs by name. */
function foldKept(kept: readonly PlanItem[]): Cell[][] {
  const groups = new Map<string, PlanItem[]>();
  for (const item of kept) {
    const shared = describeSharedReason(item.reason);
    const group = groups.get(shared);
    if (group === undefined) groups.set(shared, [item]);
    else group.push(item);
  }
  const digits = String(kept.length).length;
  // What is alone with its reason is an exception, and comes first.
  const byCount = [...groups].sort(([, one], [, other]) => one.length - other.length);
  const lines = byCount.map(([shared, [first, ...others]]) => {
    const count = String(1 + others.length).padStart(digits);
    if (first === undefined || others.length > 0) return `  ${count}  ${shared}`;
    return `  ${count}  ${first.backup.name}: ${describeReason(first.reason)}`;
  });
  if (lines.length === 0) return [];
  return [`keep ${kept.length} (--verbose lists them):`, ...lines].map((line) => [[line]]);
}
