import type { BackupKind } from '../../backup/backup.js';
import { createBackup } from '../../use-cases/create/create-backup.js';
import type { Execution } from '../execution.js';
import { openCreateContext } from '../open-context.js';

/** Runs create-full or create-diff and reports the result. */
export async function executeCreate(kind: BackupKind, execution: Execution): Promise<void> {
  const { settings, reporter, output } = execution;
  const run = await openCreateContext(execution);
  const command = `create-${kind.toLowerCase()}`;
  const { backup, base } = await createBackup({ kind, withoutBase: settings.withoutBase }, run);
  if (settings.json) {
    const answer = { command, host: settings.host.label, backup, base: base ?? null };
    output.resultJson(answer);
  }
  const how = base === undefined ? 'in full' : `as an increment on ${base}`;
  reporter.info(`${backup} is uploaded ${how}, verified and recorded as the last backup`);
  if (run.log.failure !== undefined) throw run.log.failure;
}
