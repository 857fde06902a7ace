import type { BackupKind } from '../../backup/backup.js';
import { findBackup } from '../../backup/chain.js';
import { backupName } from '../../backup/names.js';
import { OperationFailedError } from '../../errors.js';
import type { Journal } from '../../state/host-files.js';
import { localTime } from '../../time/local-time.js';
import { type Base, findBase, type WithoutBase } from './find-base.js';
import { failBackup } from './fail-backup.js';
import { type HostLock, underHostLock } from '../host-lock.js';
import type { CreateContext } from '../context.js';
import { recoverInterruptedRun } from './recover-run.js';
import { reportUnsavedTables } from './unsaved-tables.js';
import { chooseBaseUseFor, upload } from './upload-backup.js';

export interface CreateRequest {
  kind: BackupKind;
  withoutBase: WithoutBase;
}

/** A backup that is proven to be on the remote storage, and recorded as the next base. */
export interface Recorded {
  backup: string;
  kind: BackupKind;
  /** undefined: a full upload. */
  base: string | undefined;
}

/**
 * create-full and create-diff. A DIFF is an increment on the last proven backup of any kind
 * (pgBackRest's "incremental", not its "differential").
 *
 * lock → check the server → settle → [diff] prove the base → create → [diff] choose how to use the base → upload →
 * prove → record. Throws when the backup is not proven; then it never becomes a base.
 */
export async function createBackup(request: CreateRequest, run: CreateContext): Promise<Recorded> {
  const { report } = run;
  report.step('start');
  try {
    const command = `create-${request.kind.toLowerCase()}`;
    return await underHostLock(run, command, (lock) => makeBackup(request, run, lock));
  } catch (error) {
    if (!(error instanceof OperationFailedError && error.heading !== undefined)) {
      report.step('give-up');
      report.step('log-error');
    }
    throw error;
  } finally {
    report.step('end');
  }
}

async function makeBackup(
  { kind, withoutBase }: CreateRequest,
  run: CreateContext,
  lock: HostLock,
): Promise<Recorded> {
  const { files, report, server } = run;
  report.step('check-server');
  report.phase('checking that ClickHouse answers');
  await server.checkUsable();
  await recoverInterruptedRun(kind, run);
  report.step('kind');
  const base = kind === 'DIFF' ? await findBase(withoutBase, run) : await listForNames(run);
  await reportUnsavedTables(run);
  const name = await reserveName(kind, run, base);
  lock.nameBackup(name);
  const journal = openJournal(kind, run, name);
  try {
    await create(run, name);
    const use = await chooseBaseUseFor(run, base.name);
    const uploaded = await upload(run, journal, use);
    report.step('record');
    files.recordLastBackup(name);
    files.removeJournal();
    return { backup: name, kind, base: uploaded.base };
  } catch (error) {
    if (!(error instanceof OperationFailedError)) {
      report.info(`the outcome of ${name} is unknown; the next run will check`);
    }
    throw error;
  }
}

/** A full needs no base; the local list is only for its name. */
async function listForNames({ report, server }: CreateContext): Promise<Base> {
  report.step('list-names');
  return { name: undefined, listed: await server.list('local') };
}

function reserveName(kind: BackupKind, run: CreateContext, { listed }: Base): Promise<string> {
  const { clock, logDirectory, report, signal } = run;
  report.step('reserve-name');
  const known = new Set(listed.map((backup) => backup.name));
  return logDirectory.reserveName({
    wanted: backupName(kind, new Date(clock.now())),
    isTaken: (name) => known.has(name),
    clock,
    signal,
  });
}

/** On disk before the first request that changes anything. */
function openJournal(kind: BackupKind, { clock, files }: CreateContext, backup: string): Journal {
  const last = files.readLastBackup();
  const journal: Journal = {
    kind,
    backup,
    base: undefined,
    phase: 'create',
    startedAt: localTime(clock.now()),
    lastBackup: last.kind === 'named' ? last.name : undefined,
  };
  files.writeJournal(journal);
  return journal;
}

async function create(run: CreateContext, name: string): Promise<void> {
  const { report, server } = run;
  report.step('create');
  report.phase(`creating ${name}`);
  const outcome = await server.create(name);
  report.step('created');
  if (outcome.kind === 'success') return;
  if (outcome.kind === 'unknown') {
    report.step('look-for-copy');
    report.warn(
      `how the create of ${name} ended is unknown: ${outcome.reason}; the local list decides`,
    );
    const copy = findBackup(await server.list('local'), 'local', name);
    if (copy?.state === 'ok') return;
    const found = copy?.description ?? 'there is no local copy';
    failBackup(run, { what: 'create', name, reason: `${outcome.reason}; ${found}` });
  }
  failBackup(run, { what: 'create', name, reason: outcome.reason, code: outcome.code });
}
