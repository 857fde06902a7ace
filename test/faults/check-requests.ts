import { isUsableName } from '../../src/backup/names.js';
import { findRemote, wholeChain } from './list-oracle.js';
import { usableCheck } from './check-hung.js';
import { checkDelete } from './check-deletes.js';
import type { Ledger } from './ledger.js';
import type { RunRecord } from './run-record.js';
import type { SimulatedBackup } from '../simulator/simulator.js';

const listPath = /^\/backup\/list(\/|$)/;

/** What may be said of a request before it is sent. */
export function checkRequest(ledger: Ledger, run: RunRecord, method: string, target: string): void {
  const [route = '', query = ''] = target.split(/\?(.*)/s);
  const last = run.sent.findLast(({ path }) => !isLook(path));
  const isBackup = /^\/backup\/(create|upload)/.test(last?.path ?? '');
  if (isBackup && last?.status === 423 && last.body?.trimEnd().endsWith('}') === true) {
    const goesOn = isLook(target) || run.onceUnheard.has(last.path);
    ledger.expect(goesOn || target === last.path, run, `${last.path} was only busy, and given up`);
  }
  if (method === 'GET') {
    if (listPath.test(route)) checkList(ledger, run);
    return;
  }
  const parts = route.split('/').slice(2).map(decodeURIComponent);
  const parameters = new URLSearchParams(query);
  const must = (holds: boolean, promise: string) => ledger.expect(holds, run, promise);
  const { command } = run.step;
  must(
    !command.includes('--dry-run') && command !== 'list',
    'a command that only looks sent a POST',
  );
  must(ledger.holdsLock(run), 'a POST was sent without the lock of its host');
  const usable = run.sent.some(({ path, status }) => path === usableCheck && status === 200);
  must(usable, 'a POST was sent before ClickHouse had answered');
  must(!run.maybeDone.has(target), `${target} was sent again though it may have been done`);
  switch (parts[0] ?? '') {
    case 'create':
      must(command.startsWith('create-'), 'only create-full and create-diff create');
      return checkCreate(ledger, run, parameters.get('name') ?? '');
    case 'upload':
      must(command.startsWith('create-'), 'only create-full and create-diff upload');
      return checkUpload(ledger, run, parts[1] ?? '', parameters);
    case 'delete':
      must(command.startsWith('delete-'), 'only the deletes delete');
      run.deleting.push(copyAt(run, parts[1] ?? '', parts[2] ?? ''));
      return checkDelete(ledger, run, parts[1] ?? '', parts[2] ?? '');
    case 'restore':
      must(command.startsWith('restore-'), 'only restore-table restores');
      must(run.basesRead.includes(parts[1] ?? ''), `${parts[1]} is not the latest`);
      must(isProven(run, parts[1] ?? ''), `${parts[1]} was not proven before its restore`);
      must(
        parameters.has('data') !== command.includes('--schema'),
        'without --schema a restore must not drop the table',
      );
      return checkRestore(ledger, run);
    case 'download':
      return must(command.startsWith('restore-'), 'only restore-table downloads');
    default:
      return must(false, `nobody asked for POST ${target}`);
  }
}

/** No row is dropped that the backup does not contain, and no row doubled unless that was asked for. */
function checkRestore(ledger: Ledger, run: RunRecord): void {
  const { command } = run.step;
  for (const { name, engine, bytes } of run.tablesSeen) {
    const isSaved = engine.endsWith('MergeTree') || engine === 'MaterializedView';
    ledger.expect(
      isSaved || !command.includes('--schema') || command.includes('--drop-unsaved-rows'),
      run,
      `${name} (${engine}) was dropped, though no backup contains its rows`,
    );
    ledger.expect(
      bytes === 0 || command.includes('--schema') || command.includes('--append'),
      run,
      `${bytes} bytes of ${name} were doubled`,
    );
  }
}

function copyAt({ host }: RunRecord, location: string, name: string): SimulatedBackup | undefined {
  return host.simulator[location === 'local' ? 'local' : 'remote'].get(name);
}

function isProven(run: RunRecord, name: string): boolean {
  const list = run.lists.findLast(({ where }) => where !== 'local');
  return wholeChain(findRemote(list?.rows ?? []), name) !== undefined;
}

/** Requests that only find out what a busy server is doing. */
function isLook(target: string): boolean {
  return /^\/backup\/(actions|status)/.test(target) || target === usableCheck;
}

/** Servers up to 2.4.28 open their lock to others when a list ends: nothing but lists may run. */
function checkList(ledger: Ledger, run: RunRecord): void {
  if (run.step.command === 'list' && run.host.setup.version !== '2.4.0') return;
  const before = run.sent.findLast(({ path }) => path !== '/backup/status');
  const lookedFirst = before?.path.startsWith('/backup/actions?filter=in%20progress') === true;
  const rows = (before?.body ?? '').split('\n').filter(Boolean);
  ledger.expect(
    lookedFirst && before.status === 200 && rows.every((row) => row.startsWith('{"command":"list')),
    run,
    'a list was asked for without a look at what is running',
  );
}

function checkCreate(ledger: Ledger, run: RunRecord, name: string): void {
  const must = (holds: boolean, promise: string) => ledger.expect(holds, run, promise);
  must(!ledger.maybeDone.has(`create ${name}`), `${name} was created twice`);
  must(run.created === undefined || run.created === name, 'a run creates one backup');
  const kind = run.step.command.startsWith('create-full') ? 'FULL' : 'DIFF';
  must(name.startsWith(`${kind}_CH_BK_`), `${name} is not called as it should be`);
  const journal = ledger.journal(run);
  must(
    journal?.['backup'] === name && journal['phase'] === 'create',
    'the journal was not written first',
  );
  const given = (ledger.file('.given_names') ?? '').split('\n');
  must(given.includes(name), 'the name was not remembered first');
  const listed = run.lists.at(-1)?.rows.some((row) => row.name === name);
  must(listed === false, `${name} is there already`);
  const rows = findRemote(run.lists.at(-1)?.rows ?? []);
  const hasBase = run.basesRead.some((base) => base !== '' && wholeChain(rows, base) !== undefined);
  must(
    hasBase || !run.step.command.includes('fail'),
    'created, though without a base it must fail',
  );
  const remote = run.lists.at(-1)?.rows.some(({ location }) => location === 'remote');
  // When it looked for its base, and when it wrote its journal.
  const hadBase = run.basesRead.slice(-2).every(isUsableName);
  const isDiff = run.step.command.startsWith('create-diff') && hadBase;
  must(remote === true || !isDiff, 'created an increment while the storage lists nothing');
  if (run.created === undefined) run.listsBeforeCreate = run.lists.length;
  run.created = name;
}

function checkUpload(
  ledger: Ledger,
  run: RunRecord,
  name: string,
  parameters: URLSearchParams,
): void {
  const must = (holds: boolean, promise: string) => ledger.expect(holds, run, promise);
  must(!ledger.maybeDone.has(`upload ${name}`), `${name} was uploaded twice`);
  must(run.created === name, 'a run uploads what it created');
  const failed = (line: string) =>
    line.includes(`"create ${name}"`) && line.includes('"status":"error"');
  const heard = run.sent.flatMap(({ status, body = '' }) =>
    status === 200 ? body.split('\n') : [],
  );
  must(!heard.some(failed), `${name} was uploaded though its create failed`);
  const fromLocal = parameters.get('diff-from') ?? '';
  const fromRemote = parameters.get('diff-from-remote') ?? '';
  const base = fromLocal || fromRemote;
  const journal = ledger.journal(run);
  must(
    journal?.['backup'] === name && journal['phase'] === 'upload' && journal['base'] === base,
    'the journal did not tell of the upload first',
  );
  ledger.uploadsAsked.set(name, base);
  if (base === '') return;
  must(run.step.command.startsWith('create-diff'), 'only create-diff makes increments');
  must(run.basesRead.includes(base), `${base} is not what the last-backup file named`);
  const proof = run.lists[run.listsBeforeCreate - 1];
  const proven = wholeChain(findRemote(proof?.rows ?? []), base) !== undefined;
  must(proof?.where === 'all' && proven, `the base ${base} was not proven before the create`);
  const fresh = run.lists.at(-1);
  const isLocal = fresh?.rows.some(
    (row) => row.location === 'local' && row.name === base && row.sound,
  );
  must(run.lists.length > run.listsBeforeCreate, 'no fresh local list after the create');
  if (fromLocal !== '') must(isLocal === true, `diff-from ${base}, which is not on the server`);
  else must(run.host.setup.version === '2.8.1', 'diff-from-remote below 2.7.0 keeps old rows');
}
