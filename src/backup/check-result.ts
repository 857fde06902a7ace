/** The checks, in the order in which they are shown. Scripts and metrics rely on the names. */
export const checkNames = [
  'server',
  'newest',
  'full',
  'last-backup',
  'chain',
  'complete',
  'size',
  'broken',
  'local',
  'replicas',
  'interrupted',
  'clock',
] as const;

export type CheckName = (typeof checkNames)[number];

/** `skipped`: not requested, or nothing is known; it does not count. */
export type CheckStatus = 'ok' | 'warning' | 'critical' | 'skipped';

/** What one check found. */
export interface Check {
  name: CheckName;
  status: CheckStatus;
  /** A clause that also makes sense without the name and the status. */
  text: string;
}

/** What is known about the backups of a shard. */
export interface BackupFigures {
  /** The newest backup of chbackup that can be restored; undefined if there is none or it is unknown. */
  newest: string | undefined;
  /** The age of `newest`; undefined if it is unknown, for example because the name is in the future. */
  ageSeconds: number | undefined;
  /** The number of backups that a restore of `newest` needs, itself included. */
  chain: number | undefined;
  /** Bytes of all data of `newest`. */
  dataBytes: number | undefined;
}

/** The result of `check` for one shard. */
export interface CheckResult extends BackupFigures {
  /** One for each name, in the order of `checkNames`. */
  checks: Check[];
  /** The replica whose list was used, as typed; undefined if no list could be read. */
  host: string | undefined;
  /** 0: no check is critical; 1: one is; otherwise why the backups could not be checked. */
  exitCode: number;
}

/** How all checks together ended. */
export type Verdict = Exclude<CheckStatus, 'skipped'>;

/** Returns the worst status of the checks. */
export function verdictOf(checks: readonly Check[]): Verdict {
  const has = (wanted: CheckStatus) => checks.some(({ status }) => status === wanted);
  if (has('critical')) return 'critical';
  return has('warning') ? 'warning' : 'ok';
}

const badness: Record<Verdict, number> = { ok: 0, warning: 1, critical: 2 };

/** Returns 0 if all checks are good, 1 if there are warnings, 2 if one is critical. */
export function badnessOf(checks: readonly Check[]): number {
  return badness[verdictOf(checks)];
}
