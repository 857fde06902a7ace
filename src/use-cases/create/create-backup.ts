import type { BackupKind } from '../../backup/backup.js';
import { findBackup } from '../../backup/chain.js';
import { backupName } from '../../backup/names.js';
import { OperationFailedError } from '../../errors.js';
import type { Journal } from '../../state/journal.js';
import type { RecordedBackup } from '../../state/status.js';
import type { GivenName } from '../../state/used-names.js';
import { localTime } from '../../time/local-time.js';
import { reportLosses } from './compare-with-base.js';
import { type Base, type BaseCandidate, type BaseRequest, findBase } from './find-base.js';
import { failBackup } from './fail-backup.js';
import { type LockedRun, underHostLock } from '../host-lock.js';
import { beforeChanges } from '../confirmation.js';
import type { CreateContext } from '../context.js';
import { prepareHost } from '../prepare-host.js';
import { UsableReplicas } from '../usable-replicas.js';
import { reportTables } from './report-tables.js';
import type { UsualReplica } from './usual-replica.js';
import { chooseBaseUseFor, upload } from './upload-backup.js';
import { warnOfSharedPath } from './warn-shared-path.js';
import { workOnReplicas } from './work-on-replicas.js';
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
      const known = locked.hadToWait ? { usable: new UsableReplicas(report) } : { usable, chosen };
      const work = () =>
        workOnReplicas(request.kind, run, locked.status, known, (worker, usual) => {
          return makeBackup(request, worker, locked, usual);
        });
      return beforeChanges(unchanged, work, () => mayHavePosted(run));
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

function mayHavePosted({ replicas }: CreateContext): boolean {
  return replicas.some(({ server }) => server.mayHavePosted);
}

async function makeBackup(
  request: CreateRequest,
  run: CreateContext,
  locked: LockedRun,
  usual: UsualReplica,
): Promise<CreateResult> {
  const { files, log, report, server } = run;
  const { status } = locked;
  const { kind } = request;
  report.step('young-now');
  const young = await findYoung(request, run);
  if (young !== undefined) {
    log.note(young.reason);
    return { kind: 'skipped', young };
  }
  const { candidates, notReplicated, name, atMs } = await beginBackup(request, run, usual);
  locked.nameBackup(name);
  const journal = openJournal(kind, run, name, notReplicated);
  try {
    const { seconds: createSeconds } = await measureWork(run, () => create(run, name));
    const use = await chooseBaseUseFor(run, candidates);
    status.base = use?.name;
    const { tables, ...uploaded } = await run.takeUploadTurn(() => upload(run, journal, use));
    status.base = uploaded.base;
    const compared = candidates.find((each) => each.name === use?.name) ?? candidates[0];
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
    if (!server.mayHavePosted) {
      // The server does not know the name, so there is nothing to recover or to report.
      files.removeJournal();
      status.backup = undefined;
    } else if (!(error instanceof OperationFailedError)) {
      report.info(`the outcome of backup ${name} is unknown; the next run will check`);
    }
    throw error;
  }
}

/** What a backup needs from the lists. The lists themselves are released: many shards hold many rows. */
interface BegunBackup extends GivenName {
  candidates: BaseCandidate[];
  notReplicated: string[];
}

/** Finds the base, and a name. */
async function beginBackup(
  request: CreateRequest,
  run: CreateContext,
  usual: UsualReplica,
): Promise<BegunBackup> {
  const { kind } = request;
  run.report.step('kind');
  const base = kind === 'DIFF' ? await findBase(request, run) : await listForNames(run);
  if (kind === 'DIFF') warnOfSharedPath(run, base.listed);
  const notReplicated = await reportTables(run, usual);
  const given = await reserveName(kind, run, base);
  return { candidates: base.candidates, notReplicated, ...given };
}

/** A full backup needs no base; the local list is only read to find a free name. */
async function listForNames({ report, server }: CreateContext): Promise<Base> {
  report.step('list-names');
  return { candidates: [], listed: await server.list('local') };
}

function reserveName(
  kind: BackupKind,
  { names, report }: CreateContext,
  { listed }: Base,
): Promise<GivenName> {
  report.step('reserve-name');
  const known = new Set(listed.map((backup) => backup.name));
  return names.reserve({
    wanted: (date) => backupName(kind, date),
    isTaken: (name) => known.has(name),
  });
}

/** Writes the journal before the first request that changes anything. */
function openJournal(
  kind: BackupKind,
  { clock, files, replica }: CreateContext,
  backup: string,
  notReplicated: string[],
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
    notReplicated,
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
