import type { RestorePlan, RestoreTableRequest } from '../commands/restore-plan.js';
import { type RestoreDialogue, restoreTable } from '../commands/restore-table.js';
import { askForYes } from './ask.js';
import type { Execution } from './execution.js';
import { openSession, prepareLogDir } from './open-run.js';
import { formatBytes } from './tables.js';

/**
 * Runs restore-table: the plan on stdout before anything happens, then what it came to. With
 * `--json`, both are one object at the end, however it ends.
 */
export async function executeRestore(
  request: RestoreTableRequest,
  execution: Execution,
): Promise<void> {
  const { settings, output, story } = execution;
  const session = await openSession(execution);
  prepareLogDir(session);
  let shown: RestorePlan | undefined;
  let bytesAfter: number | undefined;
  const dialogue: RestoreDialogue = {
    ask: (question) => askForYes(question, execution),
    plan: (plan) => {
      shown = plan;
      story.end();
      if (!settings.json) output.answer(`${describePlan(request, plan).join('\n')}\n`);
    },
  };
  try {
    ({ bytesAfter } = await restoreTable(request, session, dialogue));
  } finally {
    story.end();
    if (settings.json && shown !== undefined) {
      const answer = toJson(request, shown, settings.host.label, bytesAfter);
      output.answer(`${JSON.stringify(answer, undefined, 2)}\n`);
    }
  }
  const { table, backup } = request;
  const { database, table: name } = shown?.target ?? table;
  story.info(
    `${database}.${name} is restored from ${shown?.backup ?? backup}: it holds ${formatBytes(bytesAfter)}`,
  );
  if (session.log.failure !== undefined) throw session.log.failure;
}

function describePlan({ table }: RestoreTableRequest, plan: RestorePlan): string[] {
  const source = `${table.database}.${table.table}`;
  const target = `${plan.target.database}.${plan.target.table}`;
  const held = plan.bytesBefore > 0 ? ` (${formatBytes(plan.bytesBefore)})` : '';
  const same = target === source;
  const attached = same ? '' : ` of ${source}`;
  const added = plan.create || plan.bytesBefore === 0 ? '' : `, beside what it holds${held}`;
  return [
    ...(plan.download ? [`download ${plan.backup}, whole, from the remote storage`] : []),
    ...(plan.drop ? [`drop     ${target}${held}`] : []),
    ...(plan.create ? [`create   ${target} as ${same ? 'it' : source} is in ${plan.backup}`] : []),
    `attach   the data${attached} in ${plan.backup} to ${target}${added}`,
  ];
}

/** The documented shape of `--json`; see README. */
function toJson(
  { table }: RestoreTableRequest,
  plan: RestorePlan,
  host: string,
  bytesAfter: number | undefined,
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
    restored: bytesAfter !== undefined,
    bytesBefore: plan.bytesBefore,
    bytesAfter: bytesAfter ?? null,
  };
}
