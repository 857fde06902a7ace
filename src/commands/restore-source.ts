import type { Backup } from '../backup/backup.js';
import { findBackup } from '../backup/chain.js';
import { proveBackup } from '../backup/proof.js';
import { NotFoundError, OperationFailedError } from '../errors.js';
import type { Session } from './run.js';

/** The backup to restore from, and whether its local copy can be used as it is. */
export interface RestoreSource {
  name: string;
  isLocal: boolean;
}

/**
 * Finds the backup asked for. A sound local copy is enough for one that is named, whatever becomes
 * of the remote storage; `latest` must be proven there.
 */
export async function findSource(
  asked: string,
  { engine, files, report }: Session,
): Promise<RestoreSource> {
  report.phase('looking for the backup');
  const last = files.readLastBackup();
  if (asked !== 'latest') {
    if (isUsable(asked, await engine.list('local'))) return { name: asked, isLocal: true };
    const remote = await engine.list('remote');
    if (remote.length === 0 && 'name' in last) {
      throw new OperationFailedError(
        `${asked} is not on the server, and the remote storage lists nothing: it may be down`,
      );
    }
    if (findBackup(remote, 'remote', asked) === undefined) {
      throw new NotFoundError(`there is no backup ${asked}`, { hint: 'chbackup list shows them' });
    }
    throwUnlessProven(remote, asked, 'it', 'chbackup list shows which backups can');
    return { name: asked, isLocal: false };
  }
  if ('missing' in last) {
    throw new NotFoundError(`there is no latest backup: ${last.missing}`, {
      hint: 'name a backup; chbackup list shows them',
    });
  }
  const listed = await engine.list('all');
  const hint = `its local copy, if chbackup list shows one, is used when you say ${last.name} instead of latest`;
  throwUnlessProven(listed, last.name, 'the latest backup', hint);
  return { name: last.name, isLocal: isUsable(last.name, listed) };
}

/** Throws `OperationFailedError` if there is a local copy, but none to restore from. */
export function isUsable(name: string, listed: readonly Backup[]): boolean {
  const copy = findBackup(listed, 'local', name);
  if (copy === undefined) return false;
  if (copy.state === 'sound') return true;
  throw new OperationFailedError(
    `the local copy of ${name} cannot be restored from: ${copy.description || copy.state}`,
    { hint: `remove it with chbackup delete-local --name ${name}, then it is downloaded` },
  );
}

function throwUnlessProven(
  listed: readonly Backup[],
  name: string,
  what: string,
  hint: string,
): void {
  const proof = proveBackup(listed, name);
  if (proof.proven) return;
  const nothing = listed.every(({ location }) => location === 'local');
  const reason = nothing ? 'the remote storage lists nothing: it may be down' : proof.reason;
  throw new OperationFailedError(`${what} cannot be restored: ${reason}`, { hint });
}
