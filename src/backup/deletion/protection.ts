import type { Backup } from '../backup.js';
import { indexBackups } from '../chain.js';
import { parseBackupName, widestZonesMs } from '../names.js';
import type { Reason } from './reasons.js';

/**
 * Finds the backups among `toDelete` that must be kept because a kept backup requires them, directly
 * or not; returns the reason for each. `kept` are the names that are kept in any case.
 *
 * The base of a broken backup is unknown (clickhouse-backup-api.md#running-uploads). It may be the
 * upload of another client, or only look broken, so it may require any backup in state `ok` that is
 * older; all of those are kept. Older means by the time in the name, because the broken one may come
 * from a host with another log directory; names contain local time without a zone, so a base may seem
 * up to 26 hours newer. If one of the two times cannot be read, the order does not count. A backup that
 * nothing is based on counts too: the broken one would make it a base. Other broken backups do not
 * count, because an increment on a broken base is lost anyway, and neither do `old-format` copies,
 * which no server uses as a base. `unknownBases: false` (`--all`) disables this.
 *
 * A foreign entry protects nothing: it looks like a folder that was never a backup, and would prevent
 * every deletion forever. It must be foreign in two lists, two minutes apart, because a passing
 * storage error makes a backup look foreign too. A backup that another server uploads to this path
 * for longer than that, under a name of its own, protects its base only once its upload is complete.
 */
export function findRequired(input: {
  backups: readonly Backup[];
  toDelete: Iterable<string>;
  kept: Iterable<string>;
  unknownBases: boolean;
}): Map<string, Reason> {
  const index = indexBackups(input.backups);
  const basesOf = groupBases(input.backups);
  const toDelete = new Set(input.toDelete);
  const kept = new Set(input.kept);
  const required = new Map<string, Reason>();
  const keep = (name: string, reason: Reason) => {
    toDelete.delete(name);
    required.set(name, reason);
    kept.add(name);
  };
  const createdMs = new Map([...index.keys()].map((name) => [name, parseBackupName(name)?.atMs]));
  let newestBrokenMs = -Infinity;
  // The iterator of a Set also visits what is added during the loop.
  for (const name of kept) {
    for (const base of basesOf.get(name) ?? []) {
      if (toDelete.has(base)) keep(base, { kind: 'required', by: name });
    }
    if (!input.unknownBases || index.get(name)?.state !== 'broken') continue;
    const brokenMs = createdMs.get(name) ?? Infinity;
    if (brokenMs <= newestBrokenMs) continue;
    newestBrokenMs = brokenMs;
    for (const candidate of toDelete) {
      if (index.get(candidate)?.state !== 'ok') continue;
      if ((createdMs.get(candidate) ?? -Infinity) > brokenMs + widestZonesMs) continue;
      keep(candidate, { kind: 'may-be-required', by: name });
    }
  }
  return required;
}

/** Returns the bases of each name: several if a name is listed twice. */
function groupBases(backups: readonly Backup[]): Map<string, string[]> {
  const bases = new Map<string, string[]>();
  for (const { name, required } of backups) {
    if (required !== undefined) bases.set(name, [...(bases.get(name) ?? []), required]);
  }
  return bases;
}
