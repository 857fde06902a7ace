import type { Backup } from '../../backup/backup.js';
import { findBackup } from '../../backup/chain.js';
import { verifyBackup } from '../../backup/verification.js';
import { isOldFormat } from '../../client/row-state.js';
import { NotFoundError, OperationFailedError } from '../../errors.js';
import type { CommandContext } from '../context.js';
import { emptyList } from '../empty-storage.js';

/** The backup to restore from. */
export interface RestoreSource {
  name: string;
  /** Its local copy can be used as it is. */
  isLocal: boolean;
  /** A download replaces an unusable local folder of this name (see `localCopy`). */
  replacesLeftover: boolean;
}

type LocalCopy = 'usable' | 'leftover' | 'none';

/**
 * Finds the requested backup. For a backup that is named, a usable local copy is enough, even if the
 * remote storage is down; `latest` must be verified on the remote storage.
 */
export async function findSource(
  requested: string,
  context: CommandContext,
): Promise<RestoreSource> {
  const { client, files, report } = context;
  report.phase('looking for the backup');
  const last = files.readLastBackup();
  if (requested !== 'latest') {
    const copy = localCopy(requested, await client.list('local'), context);
    if (copy === 'usable') return { name: requested, isLocal: true, replacesLeftover: false };
    const remote = await client.list('remote');
    if (remote.length === 0 && last.kind === 'named') {
      throw new OperationFailedError(
        `there is no local copy of backup ${requested}, and ${emptyList}`,
      );
    }
    if (copy === 'none' && findBackup(remote, 'remote', requested) === undefined) {
      throw new NotFoundError(
        `backup ${requested} is neither on the server nor on the remote storage`,
        {
          hint: 'to see all backups, run chbackup list',
        },
      );
    }
    const hint = 'to see which backups can be restored, run chbackup list';
    throwUnlessVerified(remote, requested, `backup ${requested}`, hint);
    return { name: requested, isLocal: false, replacesLeftover: copy === 'leftover' };
  }
  if (last.kind === 'none') {
    throw new NotFoundError(`no latest backup is recorded: ${last.reason}`, {
      hint: 'name a backup; to see all backups, run chbackup list',
    });
  }
  const listed = await client.list('all');
  const hint = `if there is a local copy, pass ${last.name} instead of latest to use it`;
  throwUnlessVerified(listed, last.name, `the latest backup ${last.name}`, hint);
  const copy = localCopy(last.name, listed, context);
  return { name: last.name, isLocal: copy === 'usable', replacesLeftover: copy === 'leftover' };
}

/**
 * Returns what the local list shows about a backup. A `leftover` is the folder without metadata that
 * servers up to 2.4.x leave for each base that a download needed; a download of that backup completes
 * it (clickhouse-backup-api.md#old-format). Throws `OperationFailedError` for any other broken copy.
 */
function localCopy(name: string, listed: readonly Backup[], context: CommandContext): LocalCopy {
  const copy = findBackup(listed, 'local', name);
  if (copy === undefined) return 'none';
  if (copy.state === 'ok') return 'usable';
  // The state is `foreign` if chbackup did not create the name.
  if (isOldFormat(copy.description)) return 'leftover';
  throw new OperationFailedError(
    `the local copy of backup ${name} cannot be restored: ${copy.description || copy.state}`,
    {
      hint: `to download the backup again, first delete the local copy: ${context.deleteLocalCommand(name)}`,
    },
  );
}

function throwUnlessVerified(
  listed: readonly Backup[],
  name: string,
  what: string,
  hint: string,
): void {
  const verification = verifyBackup(listed, name);
  if (verification.verified) return;
  const nothing = listed.every(({ location }) => location === 'local');
  const reason = nothing ? emptyList : verification.reason;
  throw new OperationFailedError(`${what} cannot be restored: ${reason}`, { hint });
}
