import type { Check } from '../../backup/check-result.js';
import { formatDuration } from '../../text.js';
import { emptyList } from '../empty-storage.js';
import { type Facts, type ListFacts, toleratedMs } from './facts.js';
import type { NewestChain } from './newest-chain.js';

/** A backup whose age is judged; `ageMs` is undefined if it is unknown. */
interface Aged {
  name: string;
  ageMs: number | undefined;
}

/** Judges whether there is a recent backup that can be restored. */
export function judgeNewest(facts: ListFacts, found: NewestChain | undefined): Check {
  if (found === undefined) {
    const text = facts.remote.length === 0 ? emptyList : 'no backup of chbackup can be restored';
    return softenIfRunning({ name: 'newest', status: 'critical', text }, facts);
  }
  const { newest, known } = found;
  const { name } = newest.backup;
  return judgeAge(facts, {
    newest: { name, ageMs: newest.ageMs },
    known: known && { name: known.backup.name, ageMs: known.ageMs },
  });
}

/**
 * Judges the age of the newest backup. If it is unknown, the newest backup of a known age must be recent,
 * and even then the age is only a warning. `source`: where the backup is known from, for the text.
 */
export function judgeAge(
  facts: Facts,
  { newest, known, source = '' }: { newest: Aged; known?: Aged | undefined; source?: string },
): Check {
  const { maxAgeMs } = facts.limits;
  const age = newest.ageMs;
  if (age !== undefined) {
    const text = `newest backup ${newest.name} is ${formatDuration(age)} old${source}`;
    if (age <= maxAgeMs) return { name: 'newest', status: 'ok', text };
    const late = `${text}, more than ${formatDuration(maxAgeMs)}`;
    return softenIfRunning({ name: 'newest', status: 'critical', text: late }, facts);
  }
  const unknown = `the age of the newest backup ${newest.name} is unknown, because its name is in the future${source}`;
  if (known?.ageMs !== undefined && known.ageMs <= maxAgeMs) {
    return { name: 'newest', status: 'warning', text: unknown };
  }
  const older =
    known?.ageMs === undefined
      ? 'no other backup can be restored'
      : `the one before, ${known.name}, is ${formatDuration(known.ageMs)} old`;
  return softenIfRunning(
    { name: 'newest', status: 'critical', text: `${unknown}; ${older}` },
    facts,
  );
}

/** A late backup is only a warning while chbackup makes the next one, unless that takes too long as well. */
function softenIfRunning(check: Check, { own: { holder }, nowMs, limits }: Facts): Check {
  if (holder?.sinceMs === undefined || !holder.command.startsWith('create-')) return check;
  const runningMs = nowMs - holder.sinceMs;
  // By another clock; nothing is known about such a run.
  if (runningMs < -toleratedMs) return check;
  const since = `${holder.command} began ${formatDuration(runningMs)} ago`;
  if (!holder.isSeen) {
    return { ...check, text: `${check.text}; ${since} and was killed, or runs elsewhere` };
  }
  if (runningMs >= limits.maxAgeMs) {
    return { ...check, text: `${check.text}; ${since} and is still running` };
  }
  return { ...check, status: 'warning', text: `${check.text}; ${since} and is running` };
}

/** Judges the age of the full backup that the newest chain begins with. */
export function judgeFull({ limits }: Facts, { name, ageMs }: Aged): Check {
  if (ageMs === undefined) {
    const text = `the age of the full backup ${name} is unknown`;
    return { name: 'full', status: 'warning', text };
  }
  const text = `full backup ${name} is ${formatDuration(ageMs)} old`;
  if (ageMs <= limits.maxFullAgeMs) return { name: 'full', status: 'ok', text };
  const late = `${text}, more than ${formatDuration(limits.maxFullAgeMs)}`;
  return { name: 'full', status: 'critical', text: late };
}
