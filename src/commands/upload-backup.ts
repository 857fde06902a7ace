import type { Location } from '../backup/backup.js';
import { chooseBaseUse } from '../backup/proof.js';
import type { Outcome } from '../engine/engine.js';
import { failBackup } from './fail-backup.js';
import { proveOutcome } from './prove-upload.js';
import type { Run } from './run.js';

/** The base of an upload, and which of its copies the server compares with. */
export interface BaseUse {
  at: Location;
  name: string;
}

/** How the upload can use the base: from a fresh local list, since create's retention has just run. */
export async function chooseBaseUseFor(
  { report, server }: Run,
  base: string | undefined,
): Promise<BaseUse | undefined> {
  report.step('choose-base-use');
  if (base === undefined) return undefined;
  const local = await server.list('local');
  let choice = chooseBaseUse({ local, base, diffFromRemoteSafe: false });
  if (choice.use === 'none') {
    const { diffFromRemoteSafe } = await server.capabilities();
    choice = chooseBaseUse({ local, base, diffFromRemoteSafe });
  }
  if (choice.use !== 'none') return { at: choice.use, name: base };
  report.step('warn-full-instead');
  report.warn(`${choice.reason}; this backup is uploaded as a full one`);
  return undefined;
}

/** Uploads and proves; whatever the row says, only the proof counts. Throws if there is none. */
export async function upload(
  run: Run,
  name: string,
  use: BaseUse | undefined,
): Promise<{ asFull: boolean }> {
  const { report, server } = run;
  report.step('upload');
  report.phase(`uploading ${name}`);
  const outcome = await server.upload(name, use);
  report.step('uploaded');
  if (outcome.status === 'error') {
    if (outcome.incomplete) failBackup(run, { what: 'upload', name, text: outcome.text });
    report.warn(`the server reported of the upload of ${name}: ${outcome.text}`);
  }
  report.phase(`proving ${name}`);
  const verdict = await proveOutcome(run, outcome, name, use?.name);
  if (!verdict.proven) {
    const { reason, undecided } = verdict;
    const text = outcome.status === 'success' ? reason : `${wordsOf(outcome)}; ${reason}`;
    const mayGoOn = outcome.status === 'unknown';
    failBackup(run, { what: 'upload', name, text, undecided, mayGoOn });
  }
  if (outcome.status === 'error') report.warn(`the upload of ${name} is complete all the same`);
  if (outcome.status === 'unknown') {
    report.warn(`the upload of ${name} is complete, though its end was not seen: ${outcome.why}`);
  }
  if (verdict.asFull) {
    report.warn(`the server uploaded ${name} as a full backup, not on ${use?.name}`);
  }
  return verdict;
}

function wordsOf(outcome: Exclude<Outcome, { status: 'success' }>): string {
  return outcome.status === 'error' ? outcome.text : outcome.why;
}
