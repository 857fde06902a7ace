import {
  type UploadVerification,
  type VerifiedUpload,
  verifyUpload,
} from '../../backup/verification.js';
import type { Outcome } from '../../client/client.js';
import { ResponseError } from '../../errors.js';
import { verifyPauseMs } from '../../time/intervals.js';
import type { CreateContext } from '../context.js';
import { emptyList } from '../empty-storage.js';

const patienceMs = 10 * 60_000;

export type Verdict =
  | VerifiedUpload
  /** `undecided`: no list could be relied on; the next run may find the upload complete. */
  | { verified: false; reason: string; undecided: boolean };

/**
 * Verifies that an upload is on the remote storage, whatever the action log shows. After `success` it
 * is looked up for up to 10 minutes, because a storage can show it late, or nothing for a while. After
 * any other outcome, one look decides.
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
  for (let attempt = 0; ; attempt++) {
    report.step('verify-upload');
    const seen = await check(run, where, name, base);
    if (seen.verification.verified) return seen.verification;
    const { reason, kind } = seen.verification;
    const elapsedMs = clock.elapsed() - startMs;
    const final = outcome.kind !== 'success' || kind === 'wrong-base' || elapsedMs >= patienceMs;
    if (final) return { verified: false, reason, undecided: !seen.usable };
    report.step('retry-upload');
    report.working(elapsedMs);
    await clock.sleep(Math.min(verifyPauseMs(attempt), patienceMs - elapsedMs), signal);
  }
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
