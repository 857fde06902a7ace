import type { Location } from '../../backup/backup.js';
import { findBackup } from '../../backup/chain.js';
import type { BackupTable } from '../../backup/table-metadata.js';
import { chooseBaseUse } from '../../backup/verification.js';
import type { Outcome } from '../../client/client.js';
import { isNotStarted } from '../../client/server-errors.js';
import { since } from '../../client/versions.js';
import type { Journal } from '../../state/journal.js';
import type { RecordedBackup } from '../../state/status.js';
import type { BaseCandidate } from './find-base.js';
import { failBackup } from './fail-backup.js';
import { verifyOutcome, type Verdict } from './verify-upload.js';
import { measureWork } from './working-time.js';
import type { CreateContext } from '../context.js';

/** The base of an upload, and which of its copies the server compares with. */
export interface BaseUse {
  at: Location;
  name: string;
}

/** A verified upload, as it is recorded, and its tables, if the server showed them. */
type Uploaded = Pick<RecordedBackup, 'base' | 'chainLength' | 'fullBackup' | 'dataBytes'> & {
  uploadSeconds: number;
  tables: BackupTable[] | undefined;
};

/** Chooses how the upload uses the base, from a fresh local list: the create has just run retention. */
export async function chooseBaseUseFor(
  { host, replicas, report, server }: CreateContext,
  candidates: readonly BaseCandidate[],
): Promise<BaseUse | undefined> {
  report.step('choose-base-use');
  const [base, last] = candidates.map(({ name }) => name);
  if (base === undefined) return undefined;
  const local = await server.list('local');
  let choice = chooseBaseUse({ local, base, diffFromRemoteSafe: false });
  if (choice.kind === 'none') {
    const { diffFromRemoteSafe } = await server.capabilities();
    choice = chooseBaseUse({ local, base, diffFromRemoteSafe });
  }
  if (choice.kind !== 'none') return { at: choice.kind, name: base };
  report.step('warn-other-base');
  // In a shard, another replica may have made it.
  const isShard = replicas.length > 1;
  const missing = isShard ? `not on the replica ${host}` : 'no longer on the server';
  const place = isShard ? `the replica ${host}` : 'the server';
  const state = choice.state === undefined ? missing : `${choice.state} on ${place}`;
  const problem = `the base ${base} is ${state}, and clickhouse-backup before ${since.diffFromRemoteSafe} cannot safely use its remote copy`;
  if (last !== undefined && findBackup(local, 'local', last)?.state === 'ok') {
    report.warn(`${problem}; this backup is based on ${last} instead`);
    return { at: 'local', name: last };
  }
  report.warn(`${problem}; this backup is uploaded in full`);
  return undefined;
}

/**
 * Uploads and verifies a backup. Only the verification counts, whatever the action log shows. Throws if
 * the upload cannot be verified.
 */
export async function upload(
  run: CreateContext,
  journal: Journal,
  use: BaseUse | undefined,
): Promise<Uploaded> {
  const { report } = run;
  const name = journal.backup;
  const { result: outcome, seconds } = await measureWork(run, () => postUpload(run, journal, use));
  if (outcome.kind === 'error') {
    if (outcome.code === 'remote-base-refused' && use?.at === 'remote') {
      report.step('warn-other-base');
      report.warn(
        `the base ${use.name} cannot be used: ${outcome.reason}; this backup is uploaded in full`,
      );
      return upload(run, journal, undefined);
    }
    if (outcome.code === 'incomplete') {
      failBackup(run, { what: 'upload', name, reason: outcome.reason });
    }
    report.warn(`clickhouse-backup reported an error while uploading ${name}: ${outcome.reason}`);
  }
  report.phase(`verifying ${name}`, 'verifying');
  const verdict = await verifyOutcome(run, outcome, name, use?.name);
  if (!verdict.verified) failUnverified(run, name, outcome, verdict);
  if (outcome.kind === 'error') report.warn(`backup ${name} was uploaded completely anyway`);
  if (outcome.kind === 'unknown') {
    report.warn(
      `backup ${name} was uploaded completely, although the end of the upload was not seen: ${outcome.reason}`,
    );
  }
  if (verdict.asFull) {
    report.warn(`clickhouse-backup uploaded ${name} in full, not as an increment on ${use?.name}`);
  }
  return {
    base: verdict.asFull ? undefined : use?.name,
    chainLength: verdict.chain.length,
    fullBackup: verdict.chain.at(-1),
    dataBytes: verdict.dataBytes,
    uploadSeconds: seconds,
    tables: verdict.tables,
  };
}

/** Writes the base into the journal before the upload is requested. */
async function postUpload(
  { files, report, server }: CreateContext,
  journal: Journal,
  use: BaseUse | undefined,
): Promise<Outcome> {
  files.writeJournal({ ...journal, phase: 'upload', base: use?.name });
  report.step('upload');
  report.phase(`uploading ${journal.backup}`, 'uploading');
  const outcome = await server.upload(journal.backup, use);
  report.step('uploaded');
  return outcome;
}

/** An upload that never started has failed, even if no list can be relied on. */
function failUnverified(
  run: CreateContext,
  name: string,
  outcome: Outcome,
  { reason, undecided }: Extract<Verdict, { verified: false }>,
): never {
  if (outcome.kind === 'error' && isNotStarted(outcome.code)) {
    failBackup(run, { what: 'upload', name, reason: outcome.reason });
  }
  failBackup(run, {
    what: 'upload',
    name,
    reason: outcome.kind === 'success' ? reason : `${outcome.reason}; ${reason}`,
    undecided,
    mayContinue: outcome.kind === 'unknown',
  });
}
