import type { BackupKind } from '../../backup/backup.js';
import { type CreatedBackup, createBackup } from '../../use-cases/create/create-backup.js';
import { formatBytes, formatDuration } from '../../text.js';
import type { Execution } from '../execution.js';
import { openCreateContext } from '../open-context.js';

/** Runs create-full or create-diff and reports the result. */
export async function executeCreate(kind: BackupKind, execution: Execution): Promise<void> {
  const { settings, reporter, output } = execution;
  const { withoutBase, base, maxChain, findBase } = settings;
  const run = await openCreateContext(execution);
  const command = `create-${kind.toLowerCase()}`;
  const created = await createBackup({ kind, withoutBase, base, maxChain, findBase }, run);
  if (settings.json) output.resultJson(toJson(command, settings.host.label, created));
  reporter.info(describeResult(created));
  if (run.log.failure !== undefined) throw run.log.failure;
}

function describeResult(created: CreatedBackup): string {
  const { backup, base, dataBytes, createSeconds, uploadSeconds } = created;
  const how = base === undefined ? 'in full' : `as an increment on ${base}`;
  const size = dataBytes === undefined ? 'unknown size' : `${formatBytes(dataBytes)} of data`;
  const [create, upload] = [createSeconds, uploadSeconds].map((seconds) =>
    formatDuration(seconds * 1000),
  );
  return `backup ${backup} was uploaded ${how}, verified and recorded: ${size}, created in ${create}, uploaded in ${upload}`;
}

/** The documented shape of `--json`; see docs/settings.md. */
function toJson(command: string, host: string, created: CreatedBackup): unknown {
  const { backup, base, dataBytes, createSeconds, uploadSeconds } = created;
  return {
    command,
    host,
    backup,
    base: base ?? null,
    kind: base === undefined ? 'full' : 'increment',
    dataBytes: dataBytes ?? null,
    createSeconds,
    uploadSeconds,
    startedAt: created.startedAt.toISOString(),
    finishedAt: created.recordedAt.toISOString(),
  };
}
