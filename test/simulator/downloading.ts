import { type Plan, fails } from './creating.js';
import type { SimulatedServer } from './server.js';
import { isIncomplete, type SimulatedBackup } from './storage.js';

/** Returns the first backup of the chain that is missing or incomplete. */
function missingLink(server: SimulatedServer, backup: SimulatedBackup): string | undefined {
  const seen = new Set<string>();
  for (let name = backup.name; name !== '';) {
    const link = server.remote.get(name);
    if (!link || seen.has(name) || link.broken !== undefined || isIncomplete(link)) return name;
    seen.add(name);
    name = link.required;
  }
  return undefined;
}

/** Plans `POST /backup/download` (clickhouse-backup-api.md#downloads). */
export function planDownload(server: SimulatedServer, name: string): Plan {
  const { profile, local, remote } = server;
  const failure = server.faults.takeFailure('download');
  if (local.has(name) && profile.downloadOnExistingName === 'error') {
    return fails(profile.texts.alreadyLocal(name));
  }
  const found = remote.get(name);
  if (!found || server.faults.storageDown) {
    return fails(`'${name}' is not found on remote storage`);
  }
  if (found.broken !== undefined) return fails(`'${name}' is empty backup`);
  return {
    ms: server.workMs.download,
    run(atMs) {
      if (failure && !failure.madeAnyway) return failure.text;
      const missing = missingLink(server, found);
      if (missing !== undefined) return `'${missing}' is not found on remote storage`;
      const downloaded: SimulatedBackup = { ...found, tables: new Map(found.tables) };
      delete downloaded.uploadedMs;
      delete downloaded.hiddenForLists;
      local.set(name, downloaded);
      // Exchange "list/local after download": 2.4.0 leaves the base as an `old-format` folder.
      if (profile.downloadLeavesBaseLocally && found.required && !local.has(found.required)) {
        local.set(found.required, {
          name: found.required,
          createdMs: atMs,
          sizeBytes: 0,
          required: '',
          oldFormat: true,
          tables: new Map(),
        });
      }
      return failure?.text;
    },
  };
}
