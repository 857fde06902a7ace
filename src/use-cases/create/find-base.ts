import type { Backup } from '../../backup/backup.js';
import { verifyBackup } from '../../backup/verification.js';
import { OperationFailedError } from '../../errors.js';
import { baseRetryPausesMs } from '../../time/intervals.js';
import { emptyStorage } from '../empty-storage.js';
import type { CreateContext } from '../context.js';

/** What a DIFF without a usable base does: a full upload, or fail. */
export type WithoutBase = 'full' | 'fail';

export interface Base {
  /** undefined if the upload will be a full one. */
  name: string | undefined;
  /** The list of both locations in which the base was looked up. */
  listed: Backup[];
}

/**
 * Returns the base of an increment: the backup in the last-backup file, if it can be verified. No
 * other backup is used, because one that looks complete on the list may be incomplete
 * (clickhouse-backup-api.md#incomplete-backups).
 */
export async function findBase(withoutBase: WithoutBase, context: CreateContext): Promise<Base> {
  const { clock, files, host, report, server, signal } = context;
  report.step('read-last-backup');
  const last = files.readLastBackup();
  report.step('verify-base');
  report.phase('verifying the base');
  let listed = await server.list('all');
  if (last.kind === 'none') {
    const reason = `${last.reason}: it is recommended to create a FULL backup first`;
    return giveUpBase(withoutBase, context, reason, listed);
  }
  let verification = verifyBackup(listed, last.name);
  for (const pauseMs of baseRetryPausesMs) {
    if (verification.verified) break;
    report.step('retry-base');
    await clock.sleep(pauseMs, signal);
    report.step('verify-base');
    listed = await server.list('all');
    verification = verifyBackup(listed, last.name);
  }
  if (verification.verified) return { name: last.name, listed };
  report.step('storage-empty');
  if (!listed.some((backup) => backup.location === 'remote')) {
    const detail = `, so nothing was created: the base ${last.name} cannot be checked`;
    throw emptyStorage(host, detail, 'run create-full');
  }
  return giveUpBase(
    withoutBase,
    context,
    `the base cannot be used: ${verification.reason}`,
    listed,
  );
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
  report.warn(`${reason}; this backup is uploaded in full`);
  return { name: undefined, listed };
}
