import { findBackup } from '../../backup/chain.js';
import type { Table } from '../../client/client.js';
import type { ServerErrorCode } from '../../client/server-errors.js';
import { formatBytes } from '../../text.js';
import { NotFoundError, OperationFailedError } from '../../errors.js';
import { type Asker, confirm } from '../confirmation.js';
import { underHostLock } from '../host-lock.js';
import {
  checkCapabilities,
  hasUnsavedRows,
  isDefinitionOnly,
  lookAgain,
  makePlan,
  nameOf,
  type RestorePlan,
  type RestoreTableRequest,
} from './restore-plan.js';
import { findSource } from './restore-source.js';
import type { CommandContext } from '../context.js';

/** Whom a restore shows its plan, and asks. */
export interface RestoreDialogue extends Asker {
  plan(plan: RestorePlan): void;
}

export interface RestoreResult {
  plan: RestorePlan;
  /** The target as it is afterwards. */
  restored: Table;
}

/** check the server → find the copy → look at the table → plan → ask → lock → look again → download → restore → look. */
export async function restoreTable(
  request: RestoreTableRequest,
  context: CommandContext,
  dialogue: RestoreDialogue,
): Promise<RestoreResult> {
  await checkCapabilities(request, context);
  context.report.phase('checking that ClickHouse answers');
  await context.client.checkUsable();
  const source = await findSource(request.backup, context);
  const shown = await makePlan(request, source, context);
  dialogue.plan(shown);
  await getYes(request, shown, dialogue);
  return underHostLock(context, 'restore-table', async (lock) => {
    lock.nameBackup(shown.backup);
    const { isLocal, replacesLeftover } = await findSource(shown.backup, context);
    if (!isLocal) await download(shown, context);
    const now = { ...shown, download: !isLocal, replacesLeftover };
    const plan = await restore(request, now, context);
    return { plan, restored: await lookAfter(plan, context) };
  });
}

async function getYes(
  { yes }: RestoreTableRequest,
  { drop, target, bytesBefore, existing }: RestorePlan,
  dialogue: RestoreDialogue,
): Promise<void> {
  if (!drop || yes) return;
  const held =
    existing !== undefined && hasUnsavedRows(existing)
      ? ' and its rows, which no backup contains'
      : ` (${formatBytes(bytesBefore)})`;
  await confirm(dialogue, `Drop ${nameOf(target)}${held}?`, {
    unchanged: 'nothing was dropped',
    hint: 'pass --yes to drop the table and restore it',
  });
}

/**
 * Only the local list decides whether a download is complete: 2.4.20 ends complete ones in an error
 * (contract §12), and every version writes the metadata that makes a copy usable last.
 */
async function download({ backup }: RestorePlan, context: CommandContext): Promise<void> {
  const { deleteLocalCommand, client, report } = context;
  report.phase(`downloading ${backup}`);
  const outcome = await client.download(backup);
  const copy = findBackup(await client.list('local'), 'local', backup);
  if (copy?.state === 'ok') {
    if (outcome.kind !== 'success') {
      report.warn(`backup ${backup} was downloaded completely, although: ${outcome.reason}`);
    }
    return;
  }
  const seen = copy === undefined ? 'not there' : copy.description || copy.state;
  const reason = outcome.kind === 'success' ? `its local copy is ${seen}` : outcome.reason;
  throw new OperationFailedError(`the download of backup ${backup} failed: ${reason}`, {
    heading: 'DOWNLOAD ERROR',
    hint: `the table was not changed; to remove what was downloaded: ${deleteLocalCommand(backup)}`,
  });
}

/** Gives back the plan as it was right before the server took it. */
async function restore(
  request: RestoreTableRequest,
  shown: RestorePlan,
  context: CommandContext,
): Promise<RestorePlan> {
  const { table, into, checkReplicas } = request;
  const { backup, create } = shown;
  const { client, report } = context;
  let plan = await lookAgain(request, shown, context);
  report.phase(`restoring ${nameOf(table)}`);
  const what = create ? 'schema-and-data' : 'data';
  const outcome = await client.restore(
    { backup, table, ...(into !== undefined && { into }), what, checkReplicas },
    async () => {
      plan = await lookAgain(request, shown, context);
      report.phase(`restoring ${nameOf(table)}`);
    },
  );
  if (outcome.kind === 'success') return plan;
  const { reason } = outcome;
  const code = outcome.kind === 'error' ? outcome.code : undefined;
  if (code === 'table-not-in-backup') {
    throw new NotFoundError(
      `backup ${backup} has no table ${nameOf(table)} to restore: ${reason}`,
      {
        hint: 'check the name of the table, and skip_tables and skip_table_engines in the configuration of clickhouse-backup, which exclude tables from restores too',
      },
    );
  }
  throw new OperationFailedError(`the restore of ${nameOf(table)} failed: ${reason}`, {
    heading: 'RESTORE ERROR',
    hint: hintFor(code, checkReplicas),
  });
}

/** `--env` is void where `disable_environment_override` is set (2.8.0): contract §7. */
function hintFor(code: ServerErrorCode | undefined, checkReplicas: boolean): string {
  if (code !== 'replica-active') {
    return 'look at the table before you try again: part of it may be there';
  }
  return checkReplicas
    ? 'another replica is at work on it; --no-check-replicas attaches all the same'
    : 'the server ignores --no-check-replicas, as with general.disable_environment_override; set clickhouse.check_replicas_before_attach: false in its configuration';
}

/**
 * A table that was empty must have rows now: old servers skip an attach without an error (§7, §11).
 * Where rows were added to others (`--append`), the server's row has decided. A table whose rows no
 * backup contains is restored once its definition is there.
 */
async function lookAfter(
  { backup, bytesBefore, create, target }: RestorePlan,
  { client, report }: CommandContext,
): Promise<Table> {
  const shown = nameOf(target);
  report.phase(`looking at ${shown}`);
  const after = await client.table(target);
  if (after === undefined) {
    throw new OperationFailedError(`the server says success, but ${shown} does not exist`, {
      hint: `check whether backup ${backup} contains that table: chbackup list, and the server's log`,
    });
  }
  if (isDefinitionOnly(after)) {
    if (bytesBefore === 0) return after;
    throw new OperationFailedError(
      `${shown} had rows and was dropped, but in backup ${backup} it is a table without rows to restore`,
      { hint: 'restore its rows from a newer backup with --into, and copy them' },
    );
  }
  if (after.totalBytes > (create ? 0 : bytesBefore)) return after;
  if (!create && bytesBefore > 0) {
    report.warn(
      `${shown} holds no more than before: ${backup} has no rows of it, or the attach was skipped (--no-check-replicas)`,
    );
    return after;
  }
  throw new OperationFailedError(`the server says success, but ${shown} is empty`, {
    hint: `either ${backup} has no rows of it, or a Replicated table was skipped: try --no-check-replicas`,
  });
}
