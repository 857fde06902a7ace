import { type Transport, TransportError } from '../../src/http/transport.js';
import { checkRequest } from './check-requests.js';
import type { ScheduleRecord } from './schedule-record.js';
import { readListEntries } from './list-oracle.js';
import type { RunRecord, SentRequest } from './run-record.js';
import type { Time } from './time.js';
import { remoteStateOf } from './remote-state.js';
import { recordTableRead } from './table-reads.js';

const busyText = 'another operation is currently running';

/** Checks each request of a run before it is sent, and records what the run learns from it. */
export function watchedTransport(
  { schedule, time }: { schedule: ScheduleRecord; time: Time },
  run: RunRecord,
  real: Transport,
): Transport {
  return async (request, signal) => {
    const { method, path } = request;
    schedule.count('effects');
    checkRequest(schedule, run, method, path);
    const sent: SentRequest = { method, path, atMs: time.elapsedMs, answeredMs: Infinity };
    run.sent.push(sent);
    if (path.startsWith('/backup/create?')) {
      run.createMs ??= sent.atMs;
      run.createWallMs ??= time.clock.now();
    }
    if (method === 'POST') {
      remember(schedule, run, path);
      schedule.count(`POST ${path.split('/')[2]?.replace(/\?.*/, '')}`);
    }
    const before = remoteStateOf(run.host.simulator);
    try {
      const answer = await real(request, signal);
      Object.assign(sent, answer, { answeredMs: time.elapsedMs });
      const busy = answer.status === 500 && answer.body.includes(busyText);
      const notPassedOn = [421, 425, 429].includes(answer.status);
      if (answer.status === 423 || busy || notPassedOn) forget(schedule, run, path);
      learn(schedule, run, sent, before, time.clock.now());
      return answer;
    } catch (error) {
      if (error instanceof TransportError && error.details.neverSent) forget(schedule, run, path);
      throw error;
    } finally {
      const states = [before, remoteStateOf(run.host.simulator)];
      recordTableRead(run, sent, { nowMs: time.elapsedMs, states });
    }
  };
}

/** Returns `create NAME` or `upload NAME`: no two runs may send the same one. */
function keyOf(target: string): string | undefined {
  const create = /^\/backup\/create\?name=(.*)$/.exec(target);
  if (create !== null) return `create ${decodeURIComponent(create[1] ?? '')}`;
  const upload = /^\/backup\/upload\/([^?]*)/.exec(target);
  return upload === null ? undefined : `upload ${decodeURIComponent(upload[1] ?? '')}`;
}

function remember(schedule: ScheduleRecord, run: RunRecord, target: string): void {
  const key = keyOf(target);
  if (key !== undefined) schedule.maybeDone.add(key);
  run.maybeDone.add(target);
}

/** Forgets refused requests that were carried out, once the server has lost their log entries. */
export function forgetRefused(schedule: ScheduleRecord, run: RunRecord): void {
  const targets = [...run.doneButRefused];
  run.doneButRefused.clear();
  for (const target of targets) forget(schedule, run, target);
}

/** Forgets a request that was certainly not carried out. */
function forget(schedule: ScheduleRecord, run: RunRecord, target: string): void {
  if (run.doneButRefused.has(target)) return;
  const key = keyOf(target);
  if (key !== undefined) schedule.maybeDone.delete(key);
  run.maybeDone.delete(target);
}

function learn(
  schedule: ScheduleRecord,
  run: RunRecord,
  sent: SentRequest,
  before: ReturnType<typeof remoteStateOf>,
  wallMs: number,
) {
  const { path, status, body = '', atMs } = sent;
  const upload = /^\/backup\/upload\/([^?]*)/.exec(path)?.[1];
  if (upload !== undefined) learnRejection(run, decodeURIComponent(upload), sent);
  if (status !== 200) return;
  const list = /^\/backup\/list(?:\/(local|remote))?$/.exec(path);
  try {
    if (list !== null) {
      const where = (list[1] ?? 'all') as 'all' | 'local' | 'remote';
      run.lists.push({
        where,
        atMs,
        wallMs,
        entries: readListEntries(body),
        remoteStates: [before, remoteStateOf(run.host.simulator)],
      });
    } else if (/^\/backup\/tables\/all(?!\?(remote|local)_backup=)/.test(path)) {
      run.tablesSeen = body.split('\n').filter(Boolean).map(readTable);
    } else if (path.startsWith('/backup/actions') && body.includes('"upload ')) {
      learnUploads(schedule, run, readUploads(body));
    }
  } catch {
    // The answer is corrupt, so the run learns nothing.
  }
}

function readTable(line: string) {
  const { Database, Name, Engine, TotalBytes } = JSON.parse(line) as Record<string, string>;
  return { name: `${Database}.${Name}`, engine: String(Engine), bytes: Number(TotalBytes) };
}

/** Records that an upload was answered by a redirect or by the server's own error. */
function learnRejection(run: RunRecord, name: string, { status = 0, body = '' }: SentRequest) {
  if (body.includes('uploadSingleBackupFile')) run.incomplete.add(name);
  const isRedirect = status >= 300 && status < 400;
  const isError = status >= 400 && status !== 423 && body.includes('"error":');
  if (isRedirect || isError) run.notStarted.add(name);
}

const beforeStart =
  /can't find local backup|getTables\w+ return error|MetadataLocal return error|require `upload_by_part`/;

interface UploadEntry {
  name: string;
  command: string;
  status: string;
  error: string;
}

function readUploads(body: string): UploadEntry[] {
  return body
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, string>)
    .flatMap(({ command = '', status = '', error = '' }) => {
      const name = /^upload (?:.* )?(\S+)$/.exec(command)?.[1];
      return name === undefined ? [] : [{ name, command, status, error }];
    });
}

function learnUploads(
  schedule: ScheduleRecord,
  run: RunRecord,
  entries: readonly UploadEntry[],
): void {
  const isNotStarted = ({ status, error }: UploadEntry) =>
    status === 'error' && beforeStart.test(error);
  for (const entry of entries) {
    const { name, command, status, error } = entry;
    if (status !== 'in progress' && !isNotStarted(entry)) run.started.add(name);
    // An earlier upload may have been complete.
    const none = entries.every((other) => other.name !== name || isNotStarted(other));
    if (none && !run.started.has(name)) run.notStarted.add(name);
    else run.notStarted.delete(name);
    if (error.includes('uploadSingleBackupFile')) run.endedIncomplete.add(name);
    else run.endedIncomplete.delete(name);
    if (status !== 'error' || command.includes('--resumable')) continue;
    if (error.includes('uploadSingleBackupFile')) run.incomplete.add(name);
    // The only upload that may be requested again, in full.
    const isRefused = command.includes('--diff-from-remote') && error.includes('`upload_by_part`');
    if (isRefused && none) schedule.maybeDone.delete(`upload ${name}`);
  }
}
