import type { BackupKind } from '../../backup/backup.js';
import { findBackup } from '../../backup/chain.js';
import { backupName } from '../../backup/names.js';
import { OperationFailedError, UnreachableError } from '../../errors.js';
import type { Journal } from '../../state/host-files.js';
import type { RecordedBackup } from '../../state/status.js';
import { localTime } from '../../time/local-time.js';
import { reportLosses } from './compare-with-base.js';
import { type Base, type BaseRequest, findBase } from './find-base.js';
import { failBackup } from './fail-backup.js';
import { type LockedRun, underHostLock } from '../host-lock.js';
import { beforeChanges } from '../confirmation.js';
import type { CreateContext } from '../context.js';
import { prepareHost } from '../prepare-host.js';
import { UsableReplicas } from '../usable-replicas.js';
import { recoverInterruptedRun } from './recover-run.js';
import { reportTables } from './report-tables.js';
import { chooseBaseUseFor, upload } from './upload-backup.js';
import { warnOfSharedPath } from './warn-shared-path.js';
import { measureWork } from './working-time.js';
import { type AgeRequest, findRecordedYoung, findYoung, type YoungBackup } from './young-backup.js';

export interface CreateRequest extends BaseRequest, AgeRequest {}

/** A backup that is verified and recorded as the base of the next increment. */
export interface CreatedBackup extends RecordedBackup {
  createSeconds: number;
  uploadSeconds: number;
  /** When the run got the host's lock. */
  startedAt: Date;
}

export type CreateResult =
  | { kind: 'created'; created: CreatedBackup }
  /** With `--if-older-than`: none was made. */
  | { kind: 'skipped'; young: YoungBackup };

/**
 * Runs create-full or create-diff. A DIFF is an increment on the last verified backup, full or
 * incremental (in pgBackRest's terms "incremental", not "differential").
 *
 * Check the age of the last backup → check a new host → lock → check the server → recover an interrupted
 * run → check the age again → [diff] verify the base → create → [diff] choose how to use the base →
 * upload → verify → record. Throws if the backup cannot be verified; it is then not used as a base.
 */
export async function createBackup(
  request: CreateRequest,
  run: CreateContext,
): Promise<CreateResult> {
  const { report } = run;
  report.step('start');
  try {
    report.step('young-enough');
    const young = findRecordedYoung(request, run);
    if (young !== undefined) return { kind: 'skipped', young };
    const command = `create-${request.kind.toLowerCase()}`;
    const unchanged = 'nothing was created';
    const usable = new UsableReplicas(report);
    let chosen: CreateContext | undefined;
    await beforeChanges(unchanged, () => {
      return prepareHost(run, async () => {
        chosen = await usable.choose(run);
      });
    });
    report.info(`${command} started`);
    const locking = { command, unchanged, ended: run.runEnded };
    return await underHostLock(run, locking, (locked) => {
      // Much may have happened while the run waited for the lock.
      return locked.hadToWait
        ? workOnReplicas(request, run, locked, new UsableReplicas(report))
        : workOnReplicas(request, run, locked, usable, chosen);
    });
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

/**
 * Does the work on the first replica that can be used. If that one cannot be used any more before it was
 * asked to create the backup, the next one begins again. `checked`: a new shard's, which was just checked.
 */
async function workOnReplicas(
  request: CreateRequest,
  run: CreateContext,
  locked: LockedRun,
  usable: UsableReplicas,
  checked?: CreateContext,
): Promise<CreateResult> {
  let next = checked;
  for (;;) {
    run.report.step('check-server');
    const preferred = preferredReplica(request, run, locked);
    const chosen = next ?? (await usable.choose(run, preferred));
    next = undefined;
    locked.status.replica = chosen.replica.name;
    const recovered = await usable.tryUntilPost(chosen, () => {
      return recoverInterruptedRun(request.kind, chosen, locked.status, usable);
    });
    if (recovered === undefined) continue;
    // The recovered backup may be the base now, and another replica may have made it.
    const preferredNow = preferredReplica(request, run, locked);
    const maker = run.replicas.find(({ name }) => name === preferredNow);
    const isOther = maker !== undefined && maker !== chosen.replica && usable.mayUse(maker);
    const worker =
      preferredNow !== preferred && isOther ? await usable.choose(run, preferredNow) : chosen;
    const isUsual = (preferredNow ?? run.replicas[0]?.name) === worker.replica.name;
    const result = await usable.tryUntilPost(worker, () => {
      return makeBackup(request, worker, locked, isUsual);
    });
    if (result !== undefined) return result.value;
  }
}

/** An increment on the base that a replica made needs the local copy of the base, or 2.7.0. */
function preferredReplica(
  { kind }: CreateRequest,
  { files }: CreateContext,
  { status }: LockedRun,
): string | undefined {
  const last = files.readLastBackup();
  if (kind === 'FULL' || last.kind === 'none') return undefined;
  // Without a record, most likely the one after which the files are named.
  return status.recordOf(last.name)?.replica ?? files.owner;
}

/** `isUsual`: the run is on the replica that should make the backup. */
async function makeBackup(
  request: CreateRequest,
  run: CreateContext,
  locked: LockedRun,
  isUsual: boolean,
): Promise<CreateResult> {
  const { clock, files, log, report, server } = run;
  const { status } = locked;
  const { kind } = request;
  status.replica = run.replica.name;
  report.step('young-now');
  const young = await findYoung(request, run);
  if (young !== undefined) {
    log.note(young.reason);
    return { kind: 'skipped', young };
  }
  report.step('kind');
  const base = kind === 'DIFF' ? await findBase(request, run) : await listForNames(run);
  if (kind === 'DIFF') warnOfSharedPath(run, base.listed);
  const notReplicated = await reportTables(run, !isUsual);
  // Names and the file of used names have whole seconds.
  const atMs = Math.floor(clock.now() / 1000) * 1000;
  const name = await reserveName(kind, run, base, atMs);
  locked.nameBackup(name);
  const journal = openJournal(kind, run, name);
  try {
    const { seconds: createSeconds } = await measureWork(run, () => create(run, name));
    const use = await chooseBaseUseFor(run, base.candidates);
    status.base = use?.name;
    const { tables, ...uploaded } = await run.takeUploadTurn(() => upload(run, journal, use));
    status.base = uploaded.base;
    const compared = base.candidates.find((each) => each.name === use?.name) ?? base.candidates[0];
    if (compared !== undefined) {
      reportLosses(run, compared, { name, tables, dataBytes: uploaded.dataBytes });
    }
    report.step('record');
    files.recordLastBackup(name);
    const createdAt = new Date(atMs);
    const replica = run.replica.name;
    const success = { backup: name, createdAt, replica, createSeconds, notReplicated, ...uploaded };
    const recorded = status.recordSuccess(kind, success);
    files.removeJournal();
    return { kind: 'created', created: { ...recorded, startedAt: status.startedAt } };
  } catch (error) {
    if (error instanceof UnreachableError && !server.mayHavePosted) files.removeJournal();
    else if (!(error instanceof OperationFailedError)) {
      report.info(`the outcome of backup ${name} is unknown; the next run will check`);
    }
    throw error;
  }
}

/** A full backup needs no base; the local list is only read to find a free name. */
async function listForNames({ report, server }: CreateContext): Promise<Base> {
  report.step('list-names');
  return { candidates: [], listed: await server.list('local') };
}

function reserveName(
  kind: BackupKind,
  run: CreateContext,
  { listed }: Base,
  atMs: number,
): Promise<string> {
  const { clock, logDirectory, report, signal } = run;
  report.step('reserve-name');
  const known = new Set(listed.map((backup) => backup.name));
  return logDirectory.reserveName({
    wanted: backupName(kind, new Date(atMs)),
    atMs,
    isTaken: (name) => known.has(name),
    clock,
    signal,
  });
}

/** Writes the journal before the first request that changes anything. */
function openJournal(
  kind: BackupKind,
  { clock, files, replica }: CreateContext,
  backup: string,
): Journal {
  const last = files.readLastBackup();
  const journal: Journal = {
    kind,
    backup,
    base: undefined,
    phase: 'create',
    replica: replica.name,
    startedAt: localTime(clock.now()),
    lastBackup: last.kind === 'named' ? last.name : undefined,
  };
  files.writeJournal(journal);
  return journal;
}

async function create(run: CreateContext, name: string): Promise<void> {
  const { report, server } = run;
  report.step('create');
  report.phase(`creating ${name}`, 'creating');
  const outcome = await server.create(name);
  report.step('created');
  if (outcome.kind === 'success') return;
  if (outcome.kind === 'unknown') {
    report.step('find-copy');
    report.warn(
      `it is unknown whether backup ${name} was created: ${outcome.reason}; checking the local list`,
    );
    const copy = findBackup(await server.list('local'), 'local', name);
    if (copy?.state === 'ok') return;
    const found = copy?.description ?? 'there is no local copy';
    failBackup(run, { what: 'create', name, reason: `${outcome.reason}; ${found}` });
  }
  failBackup(run, { what: 'create', name, reason: outcome.reason, code: outcome.code });
}
