import type { BackupKind } from '../../backup/backup.js';
import { findBackup } from '../../backup/chain.js';
import { createdMsOf, parseBackupName } from '../../backup/names.js';
import { verifyBackup } from '../../backup/verification.js';
import { ResponseError, StateError } from '../../errors.js';
import type { RecordedBackup } from '../../state/status.js';
import { formatDuration } from '../../text.js';
import { CompletenessCheck } from '../completeness.js';
import type { CreateContext } from '../context.js';
import { findGood } from './search-chain.js';

/** When a run is not needed. */
export interface AgeRequest {
  kind: BackupKind;
  /** How old a backup may be so that none is made; undefined: one is always made. */
  ifOlderThanMs: number | undefined;
}

/** A backup because of which none is made. */
export interface YoungBackup {
  name: string;
  ageMs: number;
  /** Why none is made. */
  reason: string;
}

/**
 * Returns the last recorded backup if it is not older than requested: for a FULL the full backup of its
 * chain. Needs no lock and no request. If the age is unknown, for example because the backup is in the
 * future or the status file does not name the full backup, it returns undefined, so that one is made.
 */
export function findRecordedYoung(
  request: AgeRequest,
  run: CreateContext,
): YoungBackup | undefined {
  if (request.ifOlderThanMs === undefined) return undefined;
  const { files } = run;
  try {
    const last = files.readLastBackup();
    if (last.kind === 'none') return undefined;
    const recorded = Object.values(files.readStatus()?.lastSuccess ?? {});
    const name = request.kind === 'DIFF' ? last.name : fullOf(last.name, recorded);
    const success = recorded.find(({ backup }) => backup === name);
    return ifYoung(request, run, name, success?.createdAt.getTime());
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return undefined;
  }
}

/**
 * The same under the host's lock. Without a last-backup file, the newest backup on the remote list counts
 * (for a FULL, the newest full one) if it is complete; otherwise its age is unknown.
 */
export async function findYoung(
  request: AgeRequest,
  run: CreateContext,
): Promise<YoungBackup | undefined> {
  if (request.ifOlderThanMs === undefined) return undefined;
  if (run.files.readLastBackup().kind === 'named') return findRecordedYoung(request, run);
  run.report.phase('looking for a recent backup');
  try {
    return await findListedYoung(request, run);
  } catch (error) {
    if (!(error instanceof ResponseError || error instanceof StateError)) throw error;
    return undefined;
  }
}

async function findListedYoung(
  request: AgeRequest,
  run: CreateContext,
): Promise<YoungBackup | undefined> {
  const remote = await run.server.list('remote');
  const newest = findGood(remote, run).find((name) => {
    return request.kind === 'DIFF' || findBackup(remote, 'remote', name)?.required === undefined;
  });
  const young = ifYoung(request, run, newest);
  const verification = verifyBackup(remote, young?.name ?? '');
  if (!verification.verified) return undefined;
  const result = await new CompletenessCheck(run).checkChain(remote, verification.chain);
  return result.kind === 'complete' ? young : undefined;
}

/** Returns the full backup that the chain of the last backup begins with; undefined if it is unknown. */
function fullOf(last: string, recorded: readonly RecordedBackup[]): string | undefined {
  if (parseBackupName(last)?.kind === 'FULL') return last;
  const success = recorded.find(({ backup }) => backup === last);
  return success !== undefined && success.base === undefined ? last : success?.fullBackup;
}

/** `createdMs`: when the create was requested, if that is known exactly. */
function ifYoung(
  { ifOlderThanMs: limitMs = 0 }: AgeRequest,
  { clock, logDirectory }: CreateContext,
  name: string | undefined,
  createdMs?: number,
): YoungBackup | undefined {
  if (name === undefined) return undefined;
  const atMs = createdMs ?? createdMsOf(name, logDirectory.readCreationTimes());
  if (atMs === undefined) return undefined;
  const ageMs = clock.now() - atMs;
  if (ageMs < 0 || ageMs > limitMs) return undefined;
  const limit = formatDuration(limitMs);
  const reason = `backup ${name} is ${formatDuration(ageMs)} old, and --if-older-than is ${limit}`;
  return { name, ageMs, reason };
}
