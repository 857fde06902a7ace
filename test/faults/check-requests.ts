import { isUsableName } from '../../src/backup/names.js';
import { basesFor, checkBase } from './check-base.js';
import { findRemote, completeChain } from './list-oracle.js';
import { clickHouseCheck } from './check-hung.js';
import { checkDelete } from './check-deletes.js';
import type { ScheduleRecord } from './schedule-record.js';
import { remoteStateOf } from './remote-state.js';
import type { RunRecord } from './run-record.js';
import { canTell } from './table-reads.js';
import type { SimulatedBackup } from '../simulator/simulator.js';

const listPath = /^\/backup\/list(\/|$)/;

/** Checks a request before it is sent. */
export function checkRequest(
  schedule: ScheduleRecord,
  run: RunRecord,
  method: string,
  target: string,
): void {
  const [route = '', query = ''] = target.split(/\?(.*)/s);
  const last = run.sent.findLast(({ path }) => !isStatusRequest(path));
  const isBackup = /^\/backup\/(create|upload)/.test(last?.path ?? '');
  if (isBackup && last?.status === 423 && last.body?.trimEnd().endsWith('}') === true) {
    const isContinued = isStatusRequest(target) || run.everDoneButRefused.has(last.path);
    schedule.expect(
      isContinued || target === last.path,
      run,
      `the server was only busy, but ${last.path} was not sent again`,
    );
  }
  if (method === 'GET') {
    if (listPath.test(route)) checkList(schedule, run);
    return;
  }
  const parts = route.split('/').slice(2).map(decodeURIComponent);
  const parameters = new URLSearchParams(query);
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  const { command } = run.step;
  must(!command.includes('--dry-run') && command !== 'list', 'a read-only command sent a POST');
  must(schedule.holdsLock(run), 'a POST was sent without the lock of its host');
  const usable = run.sent.some(({ path, status }) => path === clickHouseCheck && status === 200);
  must(usable, 'a POST was sent before ClickHouse had answered');
  must(
    !run.maybeDone.has(target),
    `${target} was sent again, but the first one may have been carried out`,
  );
  switch (parts[0] ?? '') {
    case 'create':
      must(command.startsWith('create-'), 'a command other than create-* created a backup');
      return checkCreate(schedule, run, parameters.get('name') ?? '');
    case 'upload':
      must(command.startsWith('create-'), 'a command other than create-* uploaded a backup');
      return checkUpload(schedule, run, parts[1] ?? '', parameters);
    case 'delete':
      must(command.startsWith('delete-'), 'a command other than delete-* deleted a backup');
      run.deleting.push(copyAt(run, parts[1] ?? '', parts[2] ?? ''));
      return checkDelete(schedule, run, parts[1] ?? '', parts[2] ?? '');
    case 'restore':
      must(command.startsWith('restore-'), 'a command other than restore-table restored a table');
      must(
        run.basesRead.includes(parts[1] ?? ''),
        `${parts[1]} was restored, but it is not the latest`,
      );
      must(isVerified(run, parts[1] ?? ''), `${parts[1]} was not verified before its restore`);
      must(
        parameters.has('data') !== command.includes('--schema'),
        'a restore drops the table with --schema, and only then',
      );
      return checkRestore(schedule, run);
    case 'download':
      return must(
        command.startsWith('restore-'),
        'a command other than restore-table downloaded a backup',
      );
    default:
      return must(false, `unexpected request: POST ${target}`);
  }
}

/** Checks that no row is dropped that no backup contains, and none duplicated without --append. */
function checkRestore(schedule: ScheduleRecord, run: RunRecord): void {
  const { command } = run.step;
  for (const { name, engine, bytes } of run.tablesSeen) {
    const isSaved = engine.endsWith('MergeTree') || engine === 'MaterializedView';
    schedule.expect(
      isSaved || !command.includes('--schema') || command.includes('--drop-unsaved-rows'),
      run,
      `${name} (${engine}) was dropped, but no backup contains its rows`,
    );
    schedule.expect(
      bytes === 0 || command.includes('--schema') || command.includes('--append'),
      run,
      `${bytes} bytes of ${name} were duplicated`,
    );
  }
}

function copyAt({ host }: RunRecord, location: string, name: string): SimulatedBackup | undefined {
  return host.simulator[location === 'local' ? 'local' : 'remote'].get(name);
}

function isVerified(run: RunRecord, name: string): boolean {
  const list = run.lists.findLast(({ where }) => where !== 'local');
  return completeChain(findRemote(list?.entries ?? []), name) !== undefined;
}

/** True for requests that only find out what a busy server is doing. */
function isStatusRequest(target: string): boolean {
  return /^\/backup\/(actions|status)/.test(target) || target === clickHouseCheck;
}

/**
 * Checks that only lists are running when a list is requested: up to 2.4.28, servers release their
 * lock when a list ends.
 */
function checkList(schedule: ScheduleRecord, run: RunRecord): void {
  if (run.step.command === 'list' && run.host.setup.version !== '2.4.0') return;
  const before = run.sent.findLast(({ path }) => path !== '/backup/status');
  const hasChecked = before?.path.startsWith('/backup/actions?filter=in%20progress') === true;
  const entries = (before?.body ?? '').split('\n').filter(Boolean);
  schedule.expect(
    hasChecked &&
      before.status === 200 &&
      entries.every((entry) => entry.startsWith('{"command":"list')),
    run,
    'a list was requested without checking what is running',
  );
}

function checkCreate(schedule: ScheduleRecord, run: RunRecord, name: string): void {
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  must(!schedule.maybeDone.has(`create ${name}`), `${name} was created twice`);
  must(run.created === undefined || run.created === name, 'a run created a second backup');
  const kind = run.step.command.startsWith('create-full') ? 'FULL' : 'DIFF';
  must(name.startsWith(`${kind}_CH_BK_`), `${name} does not begin with ${kind}_CH_BK_`);
  const journal = schedule.journal(run);
  must(
    journal?.['backup'] === name && journal['phase'] === 'create',
    'the journal was not written before the create',
  );
  const usedNames = (schedule.file('.given_names') ?? '').split('\n');
  must(
    usedNames.some((line) => line.startsWith(`${name} `)),
    'the name was not reserved before the create',
  );
  // A list of only the remote storage is no list of names: it confirms that a backup is incomplete.
  const entries = run.lists.findLast(({ where }) => where !== 'remote')?.entries;
  const listed = entries?.some((entry) => entry.name === name);
  must(listed === false, `${name} already exists`);
  const hasBase = basesFor(run, entries ?? []).length > 0;
  must(
    hasBase || !run.step.command.includes('fail'),
    'a backup was created, but without a base the run must fail',
  );
  const remote = entries?.some(({ location }) => location === 'remote');
  // Read when looking for the base, and when writing the journal.
  const hadBase = run.basesRead.slice(-2).every(isUsableName);
  const isDiff = run.step.command.startsWith('create-diff') && hadBase;
  must(remote === true || !isDiff, 'an increment was created although the remote list is empty');
  if (run.created === undefined) run.listsBeforeCreate = run.lists.length;
  run.stateAtCreate ??= remoteStateOf(run.host.simulator);
  run.created = name;
}

function checkUpload(
  schedule: ScheduleRecord,
  run: RunRecord,
  name: string,
  parameters: URLSearchParams,
): void {
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  must(!schedule.maybeDone.has(`upload ${name}`), `${name} was uploaded twice`);
  must(run.created === name, 'a run uploaded a backup that it did not create');
  const failed = (line: string) =>
    line.includes(`"create ${name}"`) && line.includes('"status":"error"');
  const answers = run.sent.flatMap(({ status, body = '' }) =>
    status === 200 ? body.split('\n') : [],
  );
  must(!answers.some(failed), `${name} was uploaded, but its create failed`);
  const fromLocal = parameters.get('diff-from') ?? '';
  const fromRemote = parameters.get('diff-from-remote') ?? '';
  const base = fromLocal || fromRemote;
  const journal = schedule.journal(run);
  must(
    journal?.['backup'] === name && journal['phase'] === 'upload' && journal['base'] === base,
    'the journal was not updated before the upload',
  );
  schedule.uploadsRequested.set(name, base);
  run.base = base;
  if (base === '') return;
  must(
    run.step.command.startsWith('create-diff'),
    'a command other than create-diff uploaded an increment',
  );
  checkBase(schedule, run, base);
  const fresh = run.lists.at(-1);
  const isLocal = fresh?.entries.some(
    (entry) => entry.location === 'local' && entry.name === base && entry.ok,
  );
  must(run.lists.length > run.listsBeforeCreate, 'there was no new local list after the create');
  if (fromLocal !== '')
    must(isLocal === true, `diff-from names ${base}, which is not on the server`);
  else must(canTell(run.host), 'diff-from-remote was used below 2.7.0, where it keeps old rows');
}
