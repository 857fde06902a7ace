import { type Transport, TransportError } from '../../src/http/transport.js';
import { checkRequest } from './check-requests.js';
import type { Ledger } from './ledger.js';
import { readRows } from './list-oracle.js';
import type { RunRecord, SentRequest } from './run-record.js';
import type { Time } from './time.js';
import { truthOf } from './truth.js';

const busyText = 'another operation is currently running';

/** Judges each request of a run before it is sent, and remembers what the run learns from it. */
export function watchedTransport(
  { ledger, time }: { ledger: Ledger; time: Time },
  run: RunRecord,
  real: Transport,
): Transport {
  return async (request, signal) => {
    const { method, path } = request;
    ledger.count('effects');
    checkRequest(ledger, run, method, path);
    const sent: SentRequest = { method, path, atMs: time.elapsedMs, answeredMs: Infinity };
    run.sent.push(sent);
    if (method === 'POST') {
      remember(ledger, run, path);
      ledger.count(`POST ${path.split('/')[2]?.replace(/\?.*/, '')}`);
    }
    const before = truthOf(run.host.simulator);
    try {
      const answer = await real(request, signal);
      Object.assign(sent, answer, { answeredMs: time.elapsedMs });
      const busy = answer.status === 500 && answer.body.includes(busyText);
      const notPassedOn = [421, 425, 429].includes(answer.status);
      if (answer.status === 423 || busy || notPassedOn) forget(ledger, run, path);
      learn(ledger, run, sent, before, time.clock.now());
      return answer;
    } catch (error) {
      if (error instanceof TransportError && error.details.neverSent) forget(ledger, run, path);
      throw error;
    }
  };
}

/** `create NAME` and `upload NAME` may be done once, whoever asks; another request once a run. */
function keyOf(target: string): string | undefined {
  const create = /^\/backup\/create\?name=(.*)$/.exec(target);
  if (create !== null) return `create ${decodeURIComponent(create[1] ?? '')}`;
  const upload = /^\/backup\/upload\/([^?]*)/.exec(target);
  return upload === null ? undefined : `upload ${decodeURIComponent(upload[1] ?? '')}`;
}

function remember(ledger: Ledger, run: RunRecord, target: string): void {
  const key = keyOf(target);
  if (key !== undefined) ledger.maybeDone.add(key);
  run.maybeDone.add(target);
}

/** The server has lost its rows: nobody can know any more that what was refused had been taken. */
export function forgetUnheard(ledger: Ledger, run: RunRecord): void {
  const targets = [...run.doneUnheard];
  run.doneUnheard.clear();
  for (const target of targets) forget(ledger, run, target);
}

/** It was surely not done. */
function forget(ledger: Ledger, run: RunRecord, target: string): void {
  if (run.doneUnheard.has(target)) return;
  const key = keyOf(target);
  if (key !== undefined) ledger.maybeDone.delete(key);
  run.maybeDone.delete(target);
}

function learn(
  ledger: Ledger,
  run: RunRecord,
  sent: SentRequest,
  before: ReturnType<typeof truthOf>,
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
        rows: readRows(body),
        truths: [before, truthOf(run.host.simulator)],
      });
    } else if (path.startsWith('/backup/tables/all')) {
      run.tablesSeen = body.split('\n').filter(Boolean).map(readTable);
    } else if (path.startsWith('/backup/actions') && body.includes('"upload ')) {
      learnUploads(ledger, run, readUploads(body));
    }
  } catch {
    // Not what the server says: nothing is learnt.
  }
}

function readTable(line: string) {
  const { Database, Name, Engine, TotalBytes } = JSON.parse(line) as Record<string, string>;
  return { name: `${Database}.${Name}`, engine: String(Engine), bytes: Number(TotalBytes) };
}

/** A redirect, or the server's own error, in place of an acknowledgement. */
function learnRejection(run: RunRecord, name: string, { status = 0, body = '' }: SentRequest) {
  if (body.includes('uploadSingleBackupFile')) run.incomplete.add(name);
  const isRedirect = status >= 300 && status < 400;
  const isError = status >= 400 && status !== 423 && body.includes('"error":');
  if (isRedirect || isError) run.notStarted.add(name);
}

const beforeStart =
  /can't find local backup|getTables\w+ return error|MetadataLocal return error|require `upload_by_part`/;

interface UploadRow {
  name: string;
  command: string;
  status: string;
  error: string;
}

function readUploads(body: string): UploadRow[] {
  return body
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, string>)
    .flatMap(({ command = '', status = '', error = '' }) => {
      const name = /^upload (?:.* )?(\S+)$/.exec(command)?.[1];
      return name === undefined ? [] : [{ name, command, status, error }];
    });
}

function learnUploads(ledger: Ledger, run: RunRecord, rows: readonly UploadRow[]): void {
  const isNotStarted = ({ status, error }: UploadRow) =>
    status === 'error' && beforeStart.test(error);
  for (const row of rows) {
    const { name, command, status, error } = row;
    if (status !== 'in progress' && !isNotStarted(row)) run.started.add(name);
    // One before it may have been complete.
    const none = rows.every((other) => other.name !== name || isNotStarted(other));
    if (none && !run.started.has(name)) run.notStarted.add(name);
    else run.notStarted.delete(name);
    if (status !== 'error' || command.includes('--resumable')) continue;
    if (error.includes('uploadSingleBackupFile')) run.incomplete.add(name);
    // The one upload that may be asked for again, in full.
    const isRefused = command.includes('--diff-from-remote') && error.includes('`upload_by_part`');
    if (isRefused && none) ledger.maybeDone.delete(`upload ${name}`);
  }
}
