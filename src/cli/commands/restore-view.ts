import {
  hasUnsavedRows,
  isDefinitionOnly,
  type RestorePlan,
  type RestoreTableRequest,
} from '../../use-cases/restore/restore-plan.js';
import { type RestoreDialogue, restoreTable } from '../../use-cases/restore/restore-table.js';
import type { Table } from '../../client/client.js';
import { askForYes } from '../ui/questions.js';
import type { Execution } from '../execution.js';
import { openContext } from '../open-context.js';
import { formatBytes } from '../../text.js';

/**
 * Runs restore-table: shows the plan on stdout first, and the result at the end. With `--json`, plan
 * and result are one object at the end, also after a failure.
 */
export async function executeRestore(
  request: RestoreTableRequest,
  execution: Execution,
): Promise<void> {
  const { settings, output, reporter } = execution;
  const context = await openContext(execution);
  let shown: RestorePlan | undefined;
  let restored: Table | undefined;
  const dialogue: RestoreDialogue = {
    ask: (question) => askForYes(question, execution),
    plan: (plan) => {
      shown = plan;
      reporter.end();
      if (settings.json) return;
      for (const line of describePlan(request, plan)) output.resultLine([line]);
    },
  };
  try {
    ({ restored } = await restoreTable(request, context, dialogue));
  } finally {
    reporter.end();
    if (settings.json && shown !== undefined) {
      output.resultJson(toJson(request, shown, settings.host.label, restored), 2);
    }
  }
  if (shown !== undefined && restored !== undefined) {
    reporter.info(describeResult(shown, restored));
  }
  if (context.log.failure !== undefined) throw context.log.failure;
}

function describePlan({ table }: RestoreTableRequest, plan: RestorePlan): string[] {
  const source = `${table.database}.${table.table}`;
  const target = `${plan.target.database}.${plan.target.table}`;
  const size = plan.bytesBefore > 0 ? ` (${formatBytes(plan.bytesBefore)})` : '';
  const lost =
    plan.existing !== undefined && hasUnsavedRows(plan.existing)
      ? ' and its rows, which no backup contains'
      : size;
  const same = target === source;
  const attached = same ? '' : ` of ${source}`;
  const added = plan.create || plan.bytesBefore === 0 ? '' : `, in addition to its data${size}`;
  const leftover = plan.replacesLeftover ? ', replacing the incomplete local copy' : '';
  return [
    ...(plan.download ? [`download all of ${plan.backup} from the remote storage${leftover}`] : []),
    ...(plan.drop ? [`drop     ${target}${lost}`] : []),
    ...(plan.create ? [`create   ${target} with the definition${attached} in ${plan.backup}`] : []),
    plan.existing !== undefined && isDefinitionOnly(plan.existing)
      ? `attach   no data: ${plan.existing.rows === 'none' ? `${target} has no rows of its own` : `${plan.backup} has no rows of ${target}`}`
      : `attach   the data${attached} in ${plan.backup} to ${target}${added}`,
  ];
}

/** Returns the result. Some tables have no rows of their own, and some rows are in no backup. */
function describeResult({ backup, create }: RestorePlan, restored: Table): string {
  const { database, name, rows, engine, totalBytes, writesTo } = restored;
  const table = `${database}.${name}`;
  if (!isDefinitionOnly(restored)) {
    return `table ${table} was restored from backup ${backup} and contains ${formatBytes(totalBytes)}`;
  }
  const kind = engine === undefined ? '' : ` (${engine})`;
  const reason =
    writesTo !== undefined
      ? `its rows are in table ${writesTo.database}.${writesTo.table}`
      : rows === 'none'
        ? 'it has no rows of its own'
        : 'clickhouse-backup does not save its rows';
  return create
    ? `the definition of table ${table}${kind} was restored from backup ${backup}; ${reason}`
    : `there is nothing to restore into table ${table}${kind}: ${reason}`;
}

/** The documented shape of `--json`; see docs/restore.md. */
function toJson(
  { table }: RestoreTableRequest,
  plan: RestorePlan,
  host: string,
  restored: Table | undefined,
): unknown {
  return {
    command: 'restore-table',
    host,
    backup: plan.backup,
    table: `${table.database}.${table.table}`,
    target: `${plan.target.database}.${plan.target.table}`,
    download: plan.download,
    drop: plan.drop,
    create: plan.create,
    restored: restored !== undefined && (plan.create || !isDefinitionOnly(restored)),
    definitionOnly: restored === undefined ? null : isDefinitionOnly(restored),
    bytesBefore: plan.bytesBefore,
    bytesAfter: restored?.totalBytes ?? null,
  };
}
