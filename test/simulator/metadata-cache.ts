import type { SimulatedServer } from './server.js';
import type { SimulatedBackup } from './storage.js';

/** What a server knows of a remote backup without reading its metadata.json again. */
interface CachedMetadata {
  tables: readonly string[];
  uploadedMs: number;
}

/**
 * The remote backups whose metadata.json a server has read, by name. The file is in its TMPDIR, so
 * each server has its own, and it outlives the process.
 */
export type MetadataCache = Map<string, CachedMetadata>;

function metadataOf(backup: SimulatedBackup): CachedMetadata {
  return { tables: [...backup.tables.keys()].sort(), uploadedMs: backup.uploadedMs ?? 0 };
}

/**
 * Updates the cache as a list of the remote storage does: it reads what is not cached and forgets
 * what is not listed, so a storage that is down empties the cache. Starts of the process, uploads
 * and remote deletes list too, for the metrics.
 */
export function refreshMetadataCache(server: SimulatedServer): void {
  const { metadataCache, faults } = server;
  const isReached = server.hasRemoteStorage && !faults.storageDown;
  const readable = [...(isReached ? server.remote.values() : [])].filter(
    (backup) => backup.broken === undefined && !backup.hiddenForLists,
  );
  const names = new Set(readable.map(({ name }) => name));
  for (const name of [...metadataCache.keys()]) {
    if (!names.has(name)) metadataCache.delete(name);
  }
  for (const backup of readable) {
    if (!metadataCache.has(backup.name)) metadataCache.set(backup.name, metadataOf(backup));
  }
}

/**
 * Returns the names of a remote backup's tables, from the cache or else from its metadata.json;
 * none if that cannot be read, undefined if the backup does not exist. A cached backup that another
 * client has deleted is found until the next list.
 */
export function tableNames(server: SimulatedServer, name: string): readonly string[] | undefined {
  const { metadataCache, faults, remote } = server;
  const cached = metadataCache.get(name);
  if (cached) return cached.tables;
  if (faults.storageDown) return [];
  const backup = remote.get(name);
  if (!backup) return undefined;
  if (backup.broken !== undefined) return [];
  const metadata = metadataOf(backup);
  metadataCache.set(name, metadata);
  return metadata.tables;
}
