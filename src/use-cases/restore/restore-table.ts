import { findBackup } from '../../backup/chain.js';
import type { Table } from '../../client/client.js';
import type { ServerErrorCode } from '../../client/server-errors.js';
import { formatBytes } from '../../text.js';
import { NotFoundError, OperationFailedError } from '../../errors.js';
import { type Asker, beforeChanges, confirm } from '../confirmation.js';
import { underHostLock } from '../host-lock.js';
import {
  checkCapabilities,
  hasUnsavedRows,
  isDefinitionOnly,
  planAgain,
  makePlan,
  nameOf,
  type RestorePlan,
  type RestoreTableRequest,
} from './restore-plan.js';
import { checkServer, prepareHost } from '../prepare-host.js';
import { findSource } from './restore-source.js';
import type { CommandContext } from '../context.js';

/** The callbacks of a restore to its user interface. */
export interface RestoreDialogue extends Asker {
  plan(plan: RestorePlan): void;
}

export interface RestoreResult {
  plan: RestorePlan;
  /** The target after the restore. */
  restored: Table;
}

const unchanged = 'nothing was restored';

/**
 * Checks the server, finds the backup, makes a plan, shows it and asks. Then, under the lock, downloads
 * the backup if necessary, makes the plan again, restores and checks the table.
 */
export async function restoreTable(
  request: RestoreTableRequest,
  context: CommandContext,
  dialogue: RestoreDialogue,
): Promise<RestoreResult> {
  const shown = await beforeChanges(unchanged, async () => {
    await checkCapabilities(request, context);
    const isChecked = await prepareHost(context);
    if (!isChecked) await checkServer(context);
    const source = await findSource(request.backup, context);
    return makePlan(request, source, context);
  });
  dialogue.plan(shown);
  await getYes(request, shown, context, dialogue);
  return underHostLock(context, { command: 'restore-table', unchanged }, async (locked) => {
    locked.nameBackup(shown.backup);
    const { isLocal, replacesLeftover } = await beforeChanges(unchanged, () => {
      return findSource(shown.backup, context);
    });
    if (!isLocal) await download(shown, context);
    const now = { ...shown, download: !isLocal, replacesLeftover };
    const plan = await restore(request, now, context);
    return { plan, restored: await checkRestored(plan, context) };
  });
}

async function getYes(
  { yes }: RestoreTableRequest,
  { drop, target, bytesBefore, existing }: RestorePlan,
  { host }: CommandContext,
  dialogue: RestoreDialogue,
): Promise<void> {
  if (!drop || yes) return;
  const lost =
    existing !== undefined && hasUnsavedRows(existing)
      ? ' and its rows, which no backup contains'
      : ` (${formatBytes(bytesBefore)})`;
  await confirm(dialogue, `Drop table ${nameOf(target)} on ${host}${lost}?`, {
    unchanged: 'nothing was dropped',
    hint: 'pass --yes to drop the table and restore it',
  });
}

/**
 * Downloads a backup. Only the local list decides whether the download is complete: 2.4.20 reports an
 * error for complete ones, and every version writes the metadata, which makes a copy usable, last
 * (clickhouse-backup-api.md#downloads).
 */
async function download({ backup }: RestorePlan, context: CommandContext): Promise<void> {
  const { deleteLocalCommand, client, report } = context;
  report.phase(`downloading ${backup}`);
  const outcome = await client.download(backup);
  const copy = findBackup(await client.list('local'), 'local', backup);
  if (copy?.state === 'ok') {
    if (outcome.kind !== 'success') {
      report.warn(
        `backup ${backup} was downloaded completely, although the download ended with: ${outcome.reason}`,
      );
    }
    return;
  }
  const seen = copy === undefined ? 'missing' : copy.description || copy.state;
  const reason = outcome.kind === 'success' ? `its local copy is ${seen}` : outcome.reason;
  throw new OperationFailedError(`the download of backup ${backup} failed: ${reason}`, {
    heading: 'DOWNLOAD ERROR',
    hint: `the table was not changed; to delete the incomplete copy, run ${deleteLocalCommand(backup)}`,
  });
}

/** Restores the table; returns the plan as it was right before the server accepted the request. */
async function restore(
  request: RestoreTableRequest,
  shown: RestorePlan,
  context: CommandContext,
): Promise<RestorePlan> {
  const { table, into, checkReplicas } = request;
  const { backup, create } = shown;
  const { client, report } = context;
  let plan = await planAgain(request, shown, context);
  report.phase(`restoring table ${nameOf(table)}`);
  const what = create ? 'schema-and-data' : 'data';
  const outcome = await client.restore(
    { backup, table, ...(into !== undefined && { into }), what, checkReplicas },
    async () => {
      plan = await planAgain(request, shown, context);
      report.phase(`restoring table ${nameOf(table)}`);
    },
  );
  if (outcome.kind === 'success') return plan;
  const { reason } = outcome;
  const code = outcome.kind === 'error' ? outcome.code : undefined;
  if (code === 'table-not-in-backup') {
    throw new NotFoundError(`backup ${backup} contains no table ${nameOf(table)}: ${reason}`, {
      hint: 'check the name of the table, and skip_tables and skip_table_engines in the configuration of clickhouse-backup, which exclude tables from restores too',
    });
  }
  throw new OperationFailedError(`the restore of table ${nameOf(table)} failed: ${reason}`, {
    heading: 'RESTORE ERROR',
    hint: hintFor(code, checkReplicas, context.deleteLocalCommand(backup)),
  });
}

/**
 * Servers ignore `--no-check-replicas` if `disable_environment_override` is set (2.8.0,
 * clickhouse-backup-api.md#replica-check). A copy whose download was interrupted can look complete
 * although its files are truncated (2.4.0, clickhouse-backup-api.md#old-format).
 */
function hintFor(
  code: ServerErrorCode | undefined,
  checkReplicas: boolean,
  deleteCopy: string,
): string {
  if (code !== 'replica-active') {
    return `part of the data may have been restored, so check the table before you try again; if the error is about damaged files, delete the local copy first: ${deleteCopy}`;
  }
  return checkReplicas
    ? 'another replica of the table appears to be active; to restore anyway, pass --no-check-replicas'
    : 'the server ignores --no-check-replicas, as with general.disable_environment_override; set clickhouse.check_replicas_before_attach: false in its configuration';
}

/**
 * Checks that a table that was empty has rows now: old servers skip an attach without an error
 * (clickhouse-backup-api.md#replica-check). If rows were added to others (`--append`), the outcome that
 * the server reported counts. A table whose rows no backup contains is restored if it exists.
 */
async function checkRestored(
  { backup, bytesBefore, create, target }: RestorePlan,
  { client, report }: CommandContext,
): Promise<Table> {
  const shown = nameOf(target);
  report.phase(`checking table ${shown}`);
  const after = await client.table(target);
  if (after === undefined) {
    throw new OperationFailedError(
      `clickhouse-backup reported success, but table ${shown} does not exist`,
      {
        hint: `check the log of clickhouse-backup, and whether backup ${backup} contains the table`,
      },
    );
  }
  if (isDefinitionOnly(after)) {
    if (bytesBefore === 0) return after;
    throw new OperationFailedError(
      `table ${shown} was dropped with its rows, but backup ${backup} contains only its definition`,
      {
        hint: 'find a backup that contains its rows, restore it with --into DATABASE.NEW, and copy the rows with INSERT INTO … SELECT',
      },
    );
  }
  if (after.totalBytes > (create ? 0 : bytesBefore)) return after;
  if (!create && bytesBefore > 0) {
    report.warn(`table ${shown} contains no more data than before; ${skipped(backup)}`);
    return after;
  }
  throw new OperationFailedError(
    `clickhouse-backup reported success, but table ${shown} is empty`,
    {
      hint: skipped(backup),
    },
  );
}

/** Returns why a restore may have added no rows, and what to do. */
function skipped(backup: string): string {
  return `either backup ${backup} contains no rows of the table, or clickhouse-backup skipped it because another replica appeared to be active; if none is, pass --no-check-replicas`;
}
