import type { Backup } from '../../backup/backup.js';
import { findBackup } from '../../backup/chain.js';
import type { Check } from '../../backup/check-result.js';
import { createdMsOf, parseBackupName } from '../../backup/names.js';
import { verifyBackup } from '../../backup/verification.js';
import { formatBytes, formatDuration, plural, shortList } from '../../text.js';
import { type Facts, type ListFacts, noFiles, toleratedMs } from './facts.js';
import { findGood, type NewestChain } from './newest-chain.js';

const day = 24 * 3_600_000;
/** Backups of this age are compared with the newest one. */
const comparedMs = 7 * day;

/** Judges whether the next DIFF finds its base. */
export function judgeLastBackup({ own: { exist, lastBackup, problem }, remote }: ListFacts): Check {
  const name = 'last-backup';
  if (lastBackup.kind === 'none') {
    const text = `not checked: ${exist ? lastBackup.reason : noFiles}`;
    return { name, status: problem === undefined ? 'skipped' : 'warning', text };
  }
  const verification = verifyBackup(remote, lastBackup.name);
  if (verification.verified) {
    return {
      name,
      status: 'ok',
      text: `the last backup ${lastBackup.name} is on the remote storage`,
    };
  }
  const isListed = findBackup(remote, 'remote', lastBackup.name) !== undefined;
  const text = !isListed
    ? `the last backup ${lastBackup.name} is not on the remote storage, so the next DIFF has no base`
    : `the last backup ${lastBackup.name} cannot be used as a base: ${verification.reason}`;
  return { name, status: 'critical', text };
}

/** Judges the number of increments; `length` includes the full backup. */
export function judgeChain({ limits: { maxChain } }: Facts, length: number | undefined): Check {
  const name = 'chain';
  if (length === undefined) return { name, status: 'skipped', text: 'the chain is unknown' };
  const increments = length - 1;
  const text = `the chain has ${plural(increments, 'increment')}`;
  if (maxChain === undefined || increments <= maxChain) return { name, status: 'ok', text };
  return { name, status: 'critical', text: `${text}, more than ${maxChain}` };
}

/** Judges whether the newest backup has lost much of its data. */
export function judgeSize(
  { remote, recordedTimes, nowMs }: ListFacts,
  { newest: { backup } }: NewestChain,
): Check {
  const name = 'size';
  const bytes = backup.sizeBytes;
  if (bytes === undefined) {
    return { name, status: 'skipped', text: `the server does not show the size of ${backup.name}` };
  }
  const largest = findGood(remote, recordedTimes, nowMs)
    .filter(({ ageMs }) => ageMs !== undefined && ageMs <= comparedMs)
    .reduce((most, { backup: { sizeBytes = 0 } }) => Math.max(most, sizeBytes), 0);
  const text = `newest backup ${backup.name} has ${formatBytes(bytes)} of data`;
  if (bytes * 2 >= largest) return { name, status: 'ok', text };
  const most = `less than half of the largest backup of 7 days (${formatBytes(largest)})`;
  return { name, status: 'warning', text: `${text}, ${most}` };
}

/**
 * Judges backups that the list shows as broken. `before`: the list that was read first, if this is the
 * second one. A running upload looks broken too, so nothing is judged while one may be running.
 */
export function judgeBroken(
  { remote, replicas }: ListFacts,
  before: readonly Backup[] | undefined,
): Check {
  const name = 'broken';
  const broken = brokenOf(remote).filter(
    (each) => before === undefined || brokenOf(before).includes(each),
  );
  if (broken.length === 0) return { name, status: 'ok', text: 'no backup is broken' };
  const are = plural(broken.length, 'backup is', 'backups are');
  const text = `${are} broken: ${shortList(broken)}`;
  const running = replicas.find((each) => each.kind === 'failed' || each.running.length > 0);
  if (running === undefined) return { name, status: 'warning', text };
  const why =
    running.kind === 'failed'
      ? 'another replica, which could not be read, may be uploading'
      : `${running.host} is running \`${running.running.at(-1)?.command ?? ''}\``;
  return { name, status: 'skipped', text: `not judged, because ${why}; ${text}` };
}

function brokenOf(rows: readonly Backup[]): string[] {
  return rows
    .filter(({ name, state }) => state === 'broken' && parseBackupName(name) !== undefined)
    .map(({ name }) => name);
}

/** Judges names in the future: the ages of their backups are unknown. */
export function judgeClock({ remote, recordedTimes, nowMs }: ListFacts): Check {
  const name = 'clock';
  const ahead = remote.flatMap((row) => {
    const createdMs = createdMsOf(row.name, recordedTimes);
    const aheadMs = (createdMs ?? nowMs) - nowMs;
    return aheadMs > toleratedMs ? [{ name: row.name, aheadMs }] : [];
  });
  const furthest = ahead.toSorted((one, other) => other.aheadMs - one.aheadMs)[0];
  if (furthest === undefined) return { name, status: 'ok', text: 'no name is in the future' };
  const are = plural(ahead.length, 'name is', 'names are');
  const text = `${are} in the future (${furthest.name} by ${formatDuration(furthest.aheadMs)}): check the clocks and time zones of the machines that run chbackup`;
  return { name, status: 'warning', text };
}
