import type { Backup } from '../backup.js';
import { indexBackups } from '../chain.js';
import { parseBackupName } from '../names.js';

/**
 * How much newer, by its name, a base may be than the increment on it: names carry local time
 * without a zone, zones are up to 26 hours apart, and clocks go back an hour every autumn.
 */
const clockSlackMs = 26 * 60 * 60 * 1000;

/** How the reason ends where a broken row is why a sound backup has to stay. */
export const mayBeRequired = 'is broken and may require it';

/**
 * Which of `doomed` have to stay because a backup that stays requires them, directly or not; with
 * the reason for each. `staying` are names that stay in any case.
 *
 * A broken row that stays has lost its `required` (contract §5), yet it may be somebody's running
 * upload, or only look broken: it may stand on any *sound* backup that is older than itself, so all
 * those stay; where one of the two times cannot be read from the name, older or not. A leaf counts
 * as well as a base: it is the broken one that would make it a base. Not counted are other broken
 * rows, since what stands on a broken one is lost anyway, and `old-format` copies, which no server
 * builds on. `hiddenBases: false` switches this paragraph off (`--all`).
 *
 * A foreign row that stays protects nothing: it cannot be told from a folder that was never a
 * backup, and would hold back retention forever. It has to be foreign in two lists, two minutes
 * apart, because a passing storage error makes a backup look so too. But a backup that another
 * server uploads to this path under a name of its own, for longer than that, protects its base only
 * when its upload is complete.
 */
export function protectBases(input: {
  backups: readonly Backup[];
  doomed: Iterable<string>;
  staying: Iterable<string>;
  hiddenBases: boolean;
}): Map<string, string> {
  const index = indexBackups(input.backups);
  const requiredOf = groupRequired(input.backups);
  const doomed = new Set(input.doomed);
  const staying = new Set(input.staying);
  const spared = new Map<string, string>();
  const spare = (name: string, reason: string) => {
    doomed.delete(name);
    spared.set(name, reason);
    staying.add(name);
  };
  const createdMs = new Map([...index.keys()].map((name) => [name, parseBackupName(name)?.atMs]));
  let newestBrokenMs = -Infinity;
  // A Set's iterator also visits what is added on the way.
  for (const name of staying) {
    for (const base of requiredOf.get(name) ?? []) {
      if (doomed.has(base)) spare(base, `${name} requires it`);
    }
    if (!input.hiddenBases || index.get(name)?.state !== 'broken') continue;
    const brokenMs = createdMs.get(name) ?? Infinity;
    if (brokenMs <= newestBrokenMs) continue;
    newestBrokenMs = brokenMs;
    for (const candidate of doomed) {
      if (index.get(candidate)?.state !== 'ok') continue;
      if ((createdMs.get(candidate) ?? -Infinity) > brokenMs + clockSlackMs) continue;
      spare(candidate, `${name} ${mayBeRequired}`);
    }
  }
  return spared;
}

/** The bases of each name, all of them where a name is listed twice. */
function groupRequired(backups: readonly Backup[]): Map<string, string[]> {
  const bases = new Map<string, string[]>();
  for (const { name, required } of backups) {
    if (required !== '') bases.set(name, [...(bases.get(name) ?? []), required]);
  }
  return bases;
}
