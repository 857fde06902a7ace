import type { BackupKind } from '../backup/backup.js';
import { findBackup } from '../backup/chain.js';
import { isUploadIncomplete, proveUpload } from '../backup/proof.js';
import type { Journal } from '../state/host-files.js';
import { emptyStorage } from './empty-storage.js';
import type { Run } from './run.js';

/**
 * Finds out how a run that was killed ended: recorded if its upload is proven and nothing was
 * recorded since, otherwise failed. While its work goes on, waits. The journal stays until the
 * outcome is known.
 */
export async function settleInterruptedRun(kind: BackupKind, run: Run): Promise<void> {
  const { files, report } = run;
  report.step('journal');
  const journal = files.readJournal();
  if (journal === undefined) return;
  if (journal === 'unreadable') {
    report.warn(
      'the journal of an interrupted run cannot be read; its backup is not used as a base',
    );
    files.removeJournal();
    return;
  }
  const { backup, startedAt } = journal;
  if (lastNameOf(run) === backup) {
    files.removeJournal();
    return;
  }
  report.step('settle');
  report.phase(`settling the interrupted run of ${backup}`);
  report.info(`the run of ${startedAt} (${backup}) was interrupted; looking how it ended`);
  const failure = await findFailure(kind, run, journal);
  if (failure === undefined) {
    report.step('settled-recorded');
    files.recordLastBackup(backup);
    report.warn(`${backup} of the interrupted run is complete: it is proven and recorded now`);
  } else {
    const left = await describeCopyLeft(run, backup);
    report.warn(
      `${backup} of the interrupted run failed: ${failure}. It is not used as a base${left}`,
    );
  }
  files.removeJournal();
}

/** Why the interrupted run failed; undefined if its upload is proven. */
async function findFailure(
  kind: BackupKind,
  run: Run,
  { phase, backup, base, lastBackup }: Journal,
): Promise<string | undefined> {
  const { server, settings } = run;
  await server.waitUntilIdle();
  if (phase === 'create') return 'its upload was never asked for';
  const end = await server.uploadEnd(backup);
  if (end?.status === 'error' && isUploadIncomplete(end.text)) return end.text;
  const remote = await server.list('remote');
  const lastNow = lastNameOf(run);
  if (remote.length === 0 && lastNow !== '' && kind === 'DIFF') {
    throw emptyStorage(settings.host.label, `how the upload of ${backup} ended cannot be told`);
  }
  const proof = proveUpload(remote, backup, base || undefined);
  if (!proof.proven) return proof.reason;
  if (lastNow === lastBackup) return undefined;
  return `the last-backup file of ${settings.host.label} does not say any more what it said then`;
}

async function describeCopyLeft({ server, settings }: Run, backup: string): Promise<string> {
  const copy = findBackup(await server.list('local'), 'local', backup);
  if (copy === undefined) return '';
  const command = `chbackup delete-local ${settings.host.label} --name ${backup}`;
  return `; its local copy is left, to be removed with ${command}`;
}

function lastNameOf({ files }: Run): string {
  const last = files.readLastBackup();
  return 'name' in last ? last.name : '';
}
