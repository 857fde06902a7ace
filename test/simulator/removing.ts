import { cleanName, type Flags } from './flags.js';
import { refreshMetadataCache } from './metadata-cache.js';
import type { Job, SimulatedServer } from './server.js';
import type { Location } from './storage.js';

/**
 * Returns the error if another backup requires this one; only unreleased versions check
 * (clickhouse-backup-api.md#delete-errors).
 */
function refusal(server: SimulatedServer, where: Location, name: string): string | undefined {
  const dependants = [...server[where].values()].filter((other) => other.required === name);
  if (server.profile.deleteOfRequired === 'done' || dependants.length === 0) return undefined;
  const names = dependants.map((other) => other.name).join(', ');
  return (
    `'${name}' is required by ${where} backup(s) ${names}, deleting it breaks the incremental ` +
    'backups chain, delete the dependent backup(s) first' +
    (where === 'remote'
      ? ', run `rebase` for them, set `general.rebase_during_delete: true` or use `--force`'
      : ' or use `--force`')
  );
}

function remove(server: SimulatedServer, where: string, given: string, force: boolean) {
  // The name is cleaned here too, although the row shows it as given
  // (clickhouse-backup-api.md#changed-names).
  const name = cleanName(given);
  if (where !== 'local' && where !== 'remote') return "backup location must be 'local' or 'remote'";
  const { profile, faults } = server;
  if (server.clickHouseError !== undefined) return server.clickHouseError;
  const failure = faults.takeFailure('delete');
  if (failure && !failure.madeAnyway) return failure.text;
  const isUnreachable = where === 'remote' && faults.storageDown;
  if (isUnreachable || !server[where].has(name)) {
    return `'${name}' is not found on ${where} storage`;
  }
  const file = server[where].get(name)?.plainFile;
  if (file !== undefined) return file === 'refused' ? profile.texts.notAFolder(name) : undefined;
  const refused = force ? undefined : refusal(server, where, name);
  if (refused === undefined) {
    server[where].delete(name);
    if (where === 'remote') refreshMetadataCache(server);
  }
  return refused ?? failure?.text;
}

/** Starts a delete; the client is answered at its end. */
export function startDelete(
  server: SimulatedServer,
  command: string,
  where: string,
  name: string,
  flags: Pick<Flags, 'force'>,
): Job {
  const hangs = server.profile.deleteWhileStorageDown === 'hangs' && where === 'remote';
  return server.start({
    operation: 'delete',
    command,
    ms: server.workMs.delete,
    run: () => remove(server, where, name, flags.force),
    isBlocked: () => server.isHanging || (hangs && server.faults.storageDown),
  });
}

/** Starts a clean of any kind, which ignores the lock and never fails. */
export function startClean(server: SimulatedServer, command: string): Job {
  return server.start({
    operation: command,
    command,
    ms: server.workMs.delete,
    run() {
      // A running upload looks broken, so it is deleted too
      // (clickhouse-backup-api.md#running-uploads).
      const where = { clean_remote_broken: 'remote', clean_local_broken: 'local' } as const;
      const location = command in where ? where[command as keyof typeof where] : undefined;
      if (location === undefined || (location === 'remote' && server.faults.storageDown)) {
        return undefined;
      }
      for (const backup of [...server[location].values()]) {
        const isFolder = backup.plainFile === undefined;
        if (backup.broken !== undefined && isFolder) server[location].delete(backup.name);
      }
      return undefined;
    },
  });
}
