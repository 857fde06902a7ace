import type { Backup } from '../../backup/backup.js';
import { findBackup } from '../../backup/chain.js';
import { verifyBackup } from '../../backup/verification.js';
import { isOldFormat } from '../../client/row-state.js';
import { NotFoundError, OperationFailedError } from '../../errors.js';
import type { CommandContext } from '../context.js';
import { emptyList } from '../empty-storage.js';

/** The backup to restore from, and whether its local copy can be used as it is. */
export interface RestoreSource {
  name: string;
  isLocal: boolean;
  /** There is a local folder of that name that a download replaces (see `localCopy`). */
  replacesLeftover: boolean;
}

type LocalCopy = 'usable' | 'leftover' | 'none';

/**
 * Finds the backup asked for. A sound local copy is enough for one that is named, whatever becomes
 * of the remote storage; `latest` must be proven there.
 */
export async function findSource(asked: string, context: CommandContext): Promise<RestoreSource> {
  const { client, files, report } = context;
  report.phase('looking for the backup');
  const last = files.readLastBackup();
  if (asked !== 'latest') {
    const copy = localCopy(asked, await client.list('local'), context);
    if (copy === 'usable') return { name: asked, isLocal: true, replacesLeftover: false };
    const remote = await client.list('remote');
    if (remote.length === 0 && last.kind === 'named') {
      throw new OperationFailedError(`backup ${asked} is not on the server, and ${emptyList}`);
    }
    if (copy === 'none' && findBackup(remote, 'remote', asked) === undefined) {
      throw new NotFoundError(`there is no backup ${asked}`, { hint: 'chbackup list shows them' });
    }
    throwUnlessProven(remote, asked, 'it', 'chbackup list shows which backups can');
    return { name: asked, isLocal: false, replacesLeftover: copy === 'leftover' };
  }
  if (last.kind === 'none') {
    throw new NotFoundError(`there is no latest backup: ${last.reason}`, {
      hint: 'name a backup; chbackup list shows them',
    });
  }
  const listed = await client.list('all');
  const hint = `its local copy, if chbackup list shows one, is used when you say ${last.name} instead of latest`;
  throwUnlessProven(listed, last.name, 'the latest backup', hint);
  const copy = localCopy(last.name, listed, context);
  return { name: last.name, isLocal: copy === 'usable', replacesLeftover: copy === 'leftover' };
}

/**
 * What the local list shows of a backup. A `leftover` is the folder without metadata that servers up
 * to 2.4.x leave for each base that a download needed (contract §11, §12): a download of that backup
 * completes it. Throws `OperationFailedError` for a copy that is broken otherwise.
 */
function localCopy(name: string, listed: readonly Backup[], context: CommandContext): LocalCopy {
  const copy = findBackup(listed, 'local', name);
  if (copy === undefined) return 'none';
  if (copy.state === 'ok') return 'usable';
  // Its state is `foreign` if the name is not one that chbackup gives.
  if (isOldFormat(copy.description)) return 'leftover';
  throw new OperationFailedError(
    `the local copy of backup ${name} cannot be restored: ${copy.description || copy.state}`,
    {
      hint: `remove it with ${context.deleteLocalCommand(name)}; chbackup then downloads the backup`,
    },
  );
}

function throwUnlessProven(
  listed: readonly Backup[],
  name: string,
  what: string,
  hint: string,
): void {
  const proof = verifyBackup(listed, name);
  if (proof.verified) return;
  const nothing = listed.every(({ location }) => location === 'local');
  const reason = nothing ? emptyList : proof.reason;
  throw new OperationFailedError(`${what} cannot be restored: ${reason}`, { hint });
}
