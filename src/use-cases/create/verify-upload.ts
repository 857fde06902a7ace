import { verifyUpload, type UploadVerification } from '../../backup/verification.js';
import type { Outcome } from '../../client/client.js';
import { ResponseError } from '../../errors.js';
import { verifyPauseMs } from '../../time/rhythms.js';
import type { CreateContext } from '../context.js';
import { emptyList } from '../empty-storage.js';

const patienceMs = 10 * 60_000;

export type Verdict =
  | { verified: true; asFull: boolean }
  /** `undecided`: no list could be believed; the next run may find the upload complete. */
  | { verified: false; reason: string; undecided: boolean };

/**
 * Whether the upload is really on the remote storage, whatever its row said. After `success` it is
 * looked for again for up to 10 minutes, since storages may show it late, or nothing for a while;
 * after anything else one look decides.
 */
export async function verifyOutcome(
  run: CreateContext,
  outcome: Outcome,
  name: string,
  base: string | undefined,
): Promise<Verdict> {
  const { clock, report, signal } = run;
  const startMs = clock.elapsed();
  // Of any other end the upload may be another client's: the local copy tells.
  const where = outcome.kind === 'success' ? 'remote' : 'all';
  for (let attempt = 0; ; attempt++) {
    report.step('verify-upload');
    const look = await lookOnce(run, where, name, base);
    if (look.proof.verified) return { verified: true, asFull: look.proof.asFull };
    const { reason, kind } = look.proof;
    const elapsedMs = clock.elapsed() - startMs;
    const final = outcome.kind !== 'success' || kind === 'wrong-base' || elapsedMs >= patienceMs;
    if (final) return { verified: false, reason, undecided: !look.usable };
    report.step('look-again-for-upload');
    report.working(elapsedMs);
    await clock.sleep(Math.min(verifyPauseMs(attempt), patienceMs - elapsedMs), signal);
  }
}

async function lookOnce(
  { server }: CreateContext,
  where: 'remote' | 'all',
  name: string,
  base: string | undefined,
): Promise<{ proof: UploadVerification; usable: boolean }> {
  try {
    const listed = await server.list(where);
    const proof = verifyUpload(listed, name, base);
    if (proof.verified || listed.some(({ location }) => location === 'remote')) {
      return { proof, usable: true };
    }
    return { proof: { ...proof, reason: emptyList }, usable: false };
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    return { proof: { verified: false, kind: 'missing', reason: error.message }, usable: false };
  }
}
