import type { BackupKind } from '../../backup/backup.js';
import { findBackup } from '../../backup/chain.js';
import { createdMsOf } from '../../backup/names.js';
import { type VerifiedUpload, verifyUpload } from '../../backup/verification.js';
import { isNotStarted } from '../../client/server-errors.js';
import type { Journal } from '../../state/journal.js';
import { CompletenessCheck, type InDoubt } from '../completeness.js';
import { emptyList, inDoubtError } from '../empty-storage.js';
import type { CreateContext } from '../context.js';
import { checkServer } from '../prepare-host.js';
import { readRecordedTimes } from '../recorded-times.js';
import type { RunStatus } from '../run-status.js';
import { onReplica, type UsableReplicas } from '../usable-replicas.js';

/**
 * Finds out how an interrupted run ended. Its backup is recorded if its upload can be verified and no
 * later backup was recorded; otherwise the run has failed. Waits while the server still works. The
 * journal is kept until the outcome is known.
 */
export async function recoverInterruptedRun(
  kind: BackupKind,
  run: CreateContext,
  status: RunStatus,
  usable: UsableReplicas,
): Promise<void> {
  const { files, report } = run;
  report.step('journal');
  const read = files.readJournal();
  if (read.kind === 'none') return;
  if (read.kind === 'unreadable') {
    report.warn(
      'the journal of the previous run cannot be read, so the backup of that run is not used as a base',
    );
    files.removeJournal();
    return;
  }
  const { journal } = read;
  const { backup, startedAt } = journal;
  if (lastNameOf(run) === backup) {
    if (status.lastSuccess(journal.kind)?.backup !== backup) recordSuccess(run, status, journal);
    files.removeJournal();
    return;
  }
  report.step('recover');
  report.phase(`checking the outcome of ${backup}`);
  report.info(
    `the previous run (${backup}, started ${startedAt}) was interrupted; checking its outcome`,
  );
  const end =
    (await findEndOnOwnReplica(kind, run, journal, usable)) ??
    (await findEndElsewhere(run, journal));
  if (end.kind === 'verified') {
    report.step('recovered');
    files.recordLastBackup(backup);
    recordSuccess(run, status, journal, end.upload);
    report.warn(
      `backup ${backup} of the previous run is complete, and has now been verified and recorded`,
    );
  } else if (end.kind === 'unknown') {
    report.warn(
      `it is unknown whether backup ${backup} of the previous run is complete: ${end.reason}; the backup is not used as a base`,
    );
  } else {
    report.warn(
      `backup ${backup} of the previous run failed: ${end.reason}; the backup is not used as a base${end.left}`,
    );
  }
  files.removeJournal();
}

/** Writes the backup of an interrupted run to the status file. How long the server took is unknown. */
function recordSuccess(
  run: CreateContext,
  status: RunStatus,
  { kind, backup, base, replica, notReplicated }: Journal,
  upload?: VerifiedUpload,
): void {
  const createdMs = createdMsOf(backup, readRecordedTimes(run)) ?? run.clock.now();
  status.recordSuccess(kind, {
    backup,
    base: upload?.asFull ? undefined : base,
    createdAt: new Date(createdMs),
    chainLength: upload?.chain.length,
    fullBackup: upload?.chain.at(-1),
    dataBytes: upload?.dataBytes,
    createSeconds: undefined,
    uploadSeconds: undefined,
    replica,
    notReplicated,
  });
}

/** `unknown`: no list could be relied on. */
type End =
  | { kind: 'verified'; upload: VerifiedUpload }
  | { kind: 'failed'; reason: string; left: string }
  | { kind: 'unknown'; reason: string };

const failed = (reason: string): End => ({ kind: 'failed', reason, left: '' });

const unknown = (reason: string): End => ({ kind: 'unknown', reason });

/** Returns undefined if the replica on which the interrupted run worked cannot be used. */
async function findEndOnOwnReplica(
  kind: BackupKind,
  run: CreateContext,
  journal: Journal,
  usable: UsableReplicas,
): Promise<End | undefined> {
  const replica = run.replicas.find(({ name }) => name === journal.replica);
  if (replica === undefined) return undefined;
  const own = onReplica(run, replica);
  const findAll = async (): Promise<End> => {
    const end = await findEnd(kind, own, journal);
    if (end.kind !== 'failed') return end;
    return { ...end, left: await describeCopyLeft(own, journal.backup) };
  };
  // If this replica was chosen for the run as well, another one takes over the whole run.
  if (replica === run.replica) return findAll();
  if (!usable.mayUse(replica)) return undefined;
  const found = await usable.tryOn(replica, async () => {
    await checkServer(own);
    return findAll();
  });
  return found?.value;
}

async function findEnd(
  kind: BackupKind,
  run: CreateContext,
  { phase, backup, base, lastBackup }: Journal,
): Promise<End> {
  const { host, report, server } = run;
  await server.waitUntilIdle();
  if (phase === 'create') return failed('its upload was never requested');
  const row = await server.uploadEnd(backup);
  const error = row?.kind === 'error' ? row : undefined;
  if (error?.code === 'incomplete') return failed(error.reason);
  const listed = await server.list('all');
  const lastNow = lastNameOf(run);
  const inDoubt = (doubt: Omit<InDoubt, 'kind'>): End => {
    if (lastNow === undefined || kind === 'FULL') return unknown(doubt.reason);
    throw inDoubtError(host, `the outcome of the upload of ${backup} is unknown`, doubt);
  };
  if (!listed.some(({ location }) => location === 'remote')) {
    if (error !== undefined && isNotStarted(error.code)) return failed(error.reason);
    return inDoubt({ reason: emptyList, isListEmpty: true });
  }
  const verification = verifyUpload(listed, backup, base);
  if (!verification.verified) return failed(verification.reason);
  if (lastNow !== lastBackup) {
    return failed(`the last-backup file of ${host} has changed since that run started`);
  }
  const completeness = await new CompletenessCheck(run).check(backup);
  switch (completeness.kind) {
    case 'in-doubt':
      return inDoubt(completeness);
    case 'incomplete':
      // Not failed: the storage may list backups, but refuse to read them.
      return unknown(completeness.reason);
    case 'unchecked':
      if (completeness.why !== 'unsupported') {
        report.warn(
          `could not check whether backup ${backup} is complete: ${completeness.reason}; it is recorded anyway`,
        );
      }
      return { kind: 'verified', upload: verification };
    case 'complete':
      return { kind: 'verified', upload: verification };
  }
}

/**
 * The replica that was working cannot be used. Another one shows only what is on the remote storage, so
 * this decides only that the backup is complete: its upload may still be in progress.
 */
async function findEndElsewhere(
  run: CreateContext,
  { backup, base, lastBackup, replica }: Journal,
): Promise<End> {
  const host = run.replicas.find(({ name }) => name === replica)?.host ?? replica;
  const open = unknown(`the replica ${host}, which was working on it, cannot be used`);
  if (lastNameOf(run) !== lastBackup) return open;
  const verification = verifyUpload(await run.server.list('remote'), backup, base);
  if (!verification.verified) return open;
  const { kind } = await new CompletenessCheck(run).check(backup);
  return kind === 'complete' ? { kind: 'verified', upload: verification } : open;
}

async function describeCopyLeft(
  { deleteLocalCommand, server }: CreateContext,
  backup: string,
): Promise<string> {
  const copy = findBackup(await server.list('local'), 'local', backup);
  if (copy === undefined) return '';
  return `; to delete its local copy, run ${deleteLocalCommand(backup)}`;
}

function lastNameOf({ files }: CreateContext): string | undefined {
  const last = files.readLastBackup();
  return last.kind === 'named' ? last.name : undefined;
}
