import type { Backup, BackupState } from './backup.js';
import { type ChainProblem, chainOf, indexBackups } from './chain.js';

export interface NotVerified {
  verified: false;
  kind: ChainProblem['kind'] | 'wrong-base' | 'not-ours';
  /** A clause for messages. */
  reason: string;
}

/** `chain`: names from the backup down to its full. */
export type BackupVerification = { verified: true; chain: string[] } | NotVerified;

export interface VerifiedUpload {
  verified: true;
  /** The names from the backup down to its full. */
  chain: string[];
  /** An increment was requested, but the server made a full upload. */
  asFull: boolean;
  /** Bytes of all data of the backup, if the server shows it. */
  dataBytes: number | undefined;
}

export type UploadVerification = VerifiedUpload | NotVerified;

/** Which copy of its base an upload can use; `none`: the upload must be a full one. */
export type BaseUse =
  | { kind: 'local' }
  | { kind: 'remote' }
  /** `state` is that of the local copy; undefined if there is none. */
  | { kind: 'none'; state: BackupState | undefined };

/**
 * Verifies that the remote list shows a backup and all its bases, down to a full backup, none of them
 * broken. Servers do not check this: they report success for an increment whose base no longer exists
 * (clickhouse-backup-api.md#unchecked-bases). Entries of other locations do not count.
 */
export function verifyBackup(remote: readonly Backup[], name: string): BackupVerification {
  const found = chainOf(onlyAt(remote, 'remote'), name);
  if (found.complete) return { verified: true, chain: found.chain.map((backup) => backup.name) };
  return {
    verified: false,
    kind: found.problem.kind,
    reason: describeProblem(found.problem, name),
  };
}

/**
 * Verifies an upload that has just ended. Besides what `verifyBackup` checks, it must be based on the
 * requested base (undefined: none). A full backup is accepted although an increment was requested,
 * because it is complete. If the local copy is listed too, both must have the same `created`, which
 * comes from their metadata.json: another client may have uploaded a backup of this name before.
 */
export function verifyUpload(
  listed: readonly Backup[],
  name: string,
  base: string | undefined,
): UploadVerification {
  const row = indexBackups(onlyAt(listed, 'remote')).get(name);
  const copy = indexBackups(onlyAt(listed, 'local')).get(name);
  if (row?.state === 'ok' && copy?.state === 'ok' && row.created !== copy.created) {
    const reason = `the remote backup ${name} is a different one, created ${row.created}`;
    return { verified: false, kind: 'not-ours', reason };
  }
  if (row?.state === 'ok' && row.required !== undefined && row.required !== base) {
    const wanted = base === undefined ? 'a full backup' : `an increment on ${base}`;
    const reason = `backup ${name} is based on ${row.required}, but ${wanted} was requested`;
    return { verified: false, kind: 'wrong-base', reason };
  }
  const verification = verifyBackup(listed, name);
  if (!verification.verified) return verification;
  const asFull = base !== undefined && verification.chain.length === 1;
  return { ...verification, asFull, dataBytes: row?.sizeBytes };
}

/**
 * Chooses how an upload uses its verified base. `local` is a fresh list, because the create has just
 * run the server's retention. `diff-from` compares files but needs the base on the server's disk.
 * `diff-from-remote` needs a server that compares checksums (2.7.0): older ones compare names of parts,
 * and a table that was dropped and filled again would keep its old rows without an error
 * (clickhouse-backup-api.md#remote-bases).
 */
export function chooseBaseUse(input: {
  local: readonly Backup[];
  base: string;
  diffFromRemoteSafe: boolean;
}): BaseUse {
  const row = indexBackups(onlyAt(input.local, 'local')).get(input.base);
  if (row?.state === 'ok') return { kind: 'local' };
  if (input.diffFromRemoteSafe) return { kind: 'remote' };
  return { kind: 'none', state: row?.state };
}

function onlyAt(backups: readonly Backup[], location: Backup['location']): Backup[] {
  return backups.filter((backup) => backup.location === location);
}

function describeProblem(problem: ChainProblem, verified: string): string {
  const { kind, name, requiredBy, description } = problem;
  const base =
    requiredBy === verified ? `its base ${name}` : `backup ${name}, required by ${requiredBy},`;
  switch (kind) {
    case 'missing':
      return `backup ${name} is not on the remote storage`;
    case 'broken':
      return `backup ${name} is broken: ${description}`;
    case 'base-missing':
      return `${base} is not on the remote storage`;
    case 'base-broken':
      return `${base} is broken: ${description}`;
    case 'cycle':
      return `its bases form a cycle through ${name}, without a full backup`;
  }
}
