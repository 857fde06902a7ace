import type { DeletionPlan, Refusal } from '../../backup/deletion/plan.js';
import type { Reason } from '../../backup/deletion/reasons.js';
import type { Location } from '../../backup/backup.js';
import { sumUploaded } from '../../backup/uploaded-sum.js';
import { formatBytes, formatDuration } from '../../text.js';

/** Returns why a plan deletes or keeps an entry, as a clause. */
export function describeReason(reason: Reason): string {
  switch (reason.kind) {
    case 'all':
      return 'all are selected';
    case 'named':
      return 'selected by name';
    case 'broken':
      return 'broken';
    case 'old':
      return `${formatDuration(reason.ageMs)} old`;
    case 'older-than-kept':
      return `older than ${theNewest(reason.count)}`;
    case 'no-name':
      return 'the entry has no name';
    case 'foreign':
      return 'not a backup: only --name deletes it';
    case 'undeletable-name':
      return 'clickhouse-backup cannot delete an entry with this name';
    case 'unknown-name':
      return 'not created by chbackup';
    case 'bad-state':
      return reason.state === 'broken'
        ? 'broken: only --broken, --name or --all deletes it'
        : 'old-format: only --name or --all deletes it';
    case 'not-selected':
      return 'not selected';
    case 'not-broken':
      return 'not broken';
    case 'broken-once':
      return 'broken in only one of two lists, so it may be an upload in progress';
    case 'newer-than-kept':
      return 'newer than the oldest backup that is kept';
    case 'not-in-shown-plan':
      return 'not in the plan that was shown';
    case 'newest':
      return reason.count === 1 ? 'the newest' : `one of ${theNewest(reason.count)}`;
    case 'young':
      return reason.ageMs >= 0 ? `only ${formatDuration(reason.ageMs)} old` : 'dated in the future';
    case 'last-backup':
      return 'the last backup of a host';
    case 'remote-unknown':
      return 'the remote list could not be read';
    case 'not-on-remote':
      return 'not on the remote storage yet';
    case 'not-listed':
      return 'no longer listed';
    case 'plan-refused':
      return 'selected by name, but the selection is refused';
    case 'required':
      return `${reason.by} requires it`;
    case 'may-be-required':
      return `${reason.by} is broken and may require it`;
  }
}

/** Returns why a plan keeps several entries for the same kind of reason, as a clause. */
export function describeSharedReason(reason: Reason): string {
  if (reason.kind === 'newest') return `among ${theNewest(reason.count)}`;
  if (reason.kind === 'young' && reason.ageMs >= 0) return 'not old enough';
  if (reason.kind === 'required') return 'required by backups that are kept';
  if (reason.kind === 'may-be-required') return `${reason.by} is broken and may require them`;
  return describeReason(reason);
}

/** Returns why nothing is deleted, as a clause. */
export function describeRefusal(refusal: Refusal, location: Location): string {
  if (refusal.kind === 'required') {
    return refusal.kept.map(({ name, reason }) => `${name}: ${describeReason(reason)}`).join('; ');
  }
  const place = location === 'remote' ? 'on the remote storage' : 'on the server';
  const [are, backups] = refusal.names.length === 1 ? ['is', 'backup'] : ['are', 'backups'];
  return `${backups} ${refusal.names.join(', ')} ${are} not ${place}`;
}

/**
 * Returns how much the deletes of all plans free, as the end of a sentence that begins with them; empty if it is
 * unknown. It is unknown for local copies, which share their files with the tables as long as those have
 * them.
 */
export function describeFreed(...plans: readonly DeletionPlan[]): string {
  const deleted = plans.flatMap(({ items }) => {
    const toDelete = items.filter(({ action }) => action === 'delete');
    // A name that is listed twice is deleted once.
    return [...new Map(toDelete.map(({ backup }) => [backup.name, backup])).values()];
  });
  const sum = sumUploaded(deleted);
  if (sum === undefined) return '';
  return ` and free ${sum.isComplete ? '' : 'at least '}${formatBytes(sum.bytes)}`;
}

function theNewest(count: number): string {
  return count === 1 ? 'the newest' : `the ${count} newest`;
}
