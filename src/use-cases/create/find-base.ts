import type { Backup } from '../../backup/backup.js';
import { verifyBackup } from '../../backup/verification.js';
import { OperationFailedError } from '../../errors.js';
import { baseRetryPausesMs } from '../../time/rhythms.js';
import { emptyStorage } from '../empty-storage.js';
import type { CreateContext } from '../context.js';

/** What a DIFF without a usable base does: a full upload, or fail. */
export type WithoutBase = 'full' | 'fail';

export interface Base {
  /** undefined: the upload will be a full one. */
  name: string | undefined;
  /** The list of both locations that the base was looked for in. */
  listed: Backup[];
}

/**
 * The base of an increment: the backup that the last-backup file names, if it is proven, and no
 * other; one that merely looks right may be hollow (contract §3).
 */
export async function findBase(withoutBase: WithoutBase, context: CreateContext): Promise<Base> {
  const { clock, files, host, report, server, signal } = context;
  report.step('read-last-backup');
  const last = files.readLastBackup();
  report.step('verify-base');
  report.phase('looking at the base');
  let listed = await server.list('all');
  if (last.kind === 'none') {
    const reason = `${last.reason}: it is recommended to create a FULL backup first`;
    return giveUpBase(withoutBase, context, reason, listed);
  }
  let proof = verifyBackup(listed, last.name);
  for (const pauseMs of baseRetryPausesMs) {
    if (proof.verified) break;
    report.step('look-again-for-base');
    await clock.sleep(pauseMs, signal);
    report.step('verify-base');
    listed = await server.list('all');
    proof = verifyBackup(listed, last.name);
  }
  if (proof.verified) return { name: last.name, listed };
  report.step('storage-empty');
  if (!listed.some((backup) => backup.location === 'remote')) {
    const detail = `, so nothing was created: the base ${last.name} cannot be checked`;
    throw emptyStorage(host, detail, 'run create-full');
  }
  return giveUpBase(withoutBase, context, `the base cannot be used: ${proof.reason}`, listed);
}

function giveUpBase(
  withoutBase: WithoutBase,
  { report }: CreateContext,
  reason: string,
  listed: Backup[],
): Base {
  report.step('without-base');
  if (withoutBase === 'fail') {
    throw new OperationFailedError(`${reason}; nothing was created`, {
      hint: 'run create-full, or allow a full upload with --without-base full',
    });
  }
  report.step('warn-no-base');
  report.warn(`${reason}; this backup is uploaded as a full one`);
  return { name: undefined, listed };
}
