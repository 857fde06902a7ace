import {
  type UploadVerification,
  type VerifiedUpload,
  verifyUpload,
} from '../../backup/verification.js';
import type { BackupTable } from '../../backup/table-metadata.js';
import type { Outcome } from '../../client/client.js';
import { ResponseError } from '../../errors.js';
import { verifyPauseMs } from '../../time/intervals.js';
import type { CreateContext } from '../context.js';
import { emptyList } from '../empty-storage.js';
import { type Completeness, TableReading } from '../table-reading.js';

const patienceMs = 10 * 60_000;

export type Verdict =
  /** `tables` is undefined if the server did not show them. */
  | (VerifiedUpload & { tables: BackupTable[] | undefined })
  /** `undecided`: nothing could be relied on; the next run may find the upload complete. */
  | { verified: false; reason: string; undecided: boolean };

/**
 * Verifies that an upload is on the remote storage, whatever the action log shows. After `success` it
 * is looked up for up to 10 minutes, because a storage can show it late, or nothing for a while. After
 * any other outcome, one look decides. If the list shows it, its tables are read too, again and again for
 * up to 10 minutes; if they still cannot be read then, nothing is known, because the storage may be down.
 */
export async function verifyOutcome(
  run: CreateContext,
  outcome: Outcome,
  name: string,
  base: string | undefined,
): Promise<Verdict> {
  const { clock, report, signal } = run;
  const startMs = clock.elapsed();
  // Otherwise it may be the upload of another client, and only the local copy shows that.
  const where = outcome.kind === 'success' ? 'remote' : 'all';
  const reading = new TableReading(run, name);
  let wasListed = false;
  for (let attempt = 0; ; attempt++) {
    report.step('verify-upload');
    const { verification, usable } = await check(run, where, name, base);
    const read = verification.verified ? await reading.read() : undefined;
    wasListed ||= verification.verified;
    const elapsedMs = clock.elapsed() - startMs;
    const isOver = elapsedMs >= patienceMs;
    const isMissing = reading.missing !== undefined;
    if (verification.verified && read !== undefined && !isMissing && isFinalRead(read, isOver)) {
      return { ...verification, tables: tablesOf(run, name, read) };
    }
    const isWrong = !verification.verified && verification.kind === 'wrong-base';
    const isDecided = !wasListed && (isWrong || outcome.kind !== 'success');
    if (isDecided || isOver) {
      const reason = verification.verified ? (reading.missing ?? '') : verification.reason;
      return { verified: false, reason, undecided: wasListed || !usable };
    }
    report.step('retry-upload');
    report.working(elapsedMs);
    await clock.sleep(Math.min(verifyPauseMs(attempt), patienceMs - elapsedMs), signal);
  }
}

/** A read without an answer is repeated, unless the server cannot answer. */
function isFinalRead(read: Completeness, isOver: boolean): boolean {
  return isOver || read.kind !== 'unchecked' || read.why !== 'no-answer';
}

function tablesOf(
  { report }: CreateContext,
  name: string,
  read: Completeness,
): BackupTable[] | undefined {
  if (read.kind === 'complete') return read.tables;
  const problem = `could not check whether backup ${name} is complete: ${read.reason}`;
  const isExpected = read.kind === 'unchecked' && read.why === 'unsupported';
  if (isExpected) report.note(problem);
  else report.warn(problem);
  return undefined;
}

async function check(
  { server }: CreateContext,
  where: 'remote' | 'all',
  name: string,
  base: string | undefined,
): Promise<{ verification: UploadVerification; usable: boolean }> {
  try {
    const listed = await server.list(where);
    const verification = verifyUpload(listed, name, base);
    if (verification.verified || listed.some(({ location }) => location === 'remote')) {
      return { verification, usable: true };
    }
    return { verification: { ...verification, reason: emptyList }, usable: false };
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    return {
      verification: { verified: false, kind: 'missing', reason: error.message },
      usable: false,
    };
  }
}
