import type { Backup, BackupState } from './backup.js';
import { type ChainProblem, chainOf, indexBackups } from './chain.js';

export interface NotVerified {
  verified: false;
  kind: ChainProblem['kind'] | 'wrong-base' | 'not-ours';
  /** One clause for a person, to stand after `cannot use …:` or alone. */
  reason: string;
}

/** `chain`: names from the backup down to its full. */
export type BackupVerification = { verified: true; chain: string[] } | NotVerified;

/** `asFull`: a base was asked for, but the server made a full upload of it. */
export type UploadVerification = { verified: true; chain: string[]; asFull: boolean } | NotVerified;

/** How the upload of an increment is to reach its base; `none`: it has to be a full upload. */
export type BaseUse =
  | { kind: 'local' }
  | { kind: 'remote' }
  /** `state`: of the local copy; undefined: there is none. */
  | { kind: 'none'; state: BackupState | undefined };

/**
 * Proven is a backup that the remote list shows together with every backup that it requires, down
 * to a full, none broken. Nobody else checks: servers build increments on bases that are gone and
 * call it success (contract §5). Rows of other locations do not count.
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
 * As `proveBackup`, for an upload that just ended: it must also stand on the base asked for
 * (undefined: a full). An empty `required` although a base was asked for is a full: it is complete.
 * Where the local copy is listed too, it must have been made at the same moment: `created` comes
 * from the one metadata.json (recordings), and another client may have uploaded the name before us.
 */
export function verifyUpload(
  listed: readonly Backup[],
  name: string,
  askedBase: string | undefined,
): UploadVerification {
  const asked = askedBase ?? '';
  const row = indexBackups(onlyAt(listed, 'remote')).get(name);
  const copy = indexBackups(onlyAt(listed, 'local')).get(name);
  if (row?.state === 'ok' && copy?.state === 'ok' && row.created !== copy.created) {
    const reason = `the ${name} on the remote storage is another one, made ${row.created}`;
    return { verified: false, kind: 'not-ours', reason };
  }
  if (row?.state === 'ok' && row.required !== '' && row.required !== asked) {
    const wanted = asked === '' ? 'a full' : `an increment on ${asked}`;
    const reason = `${name} stands on ${row.required}, but ${wanted} was asked for`;
    return { verified: false, kind: 'wrong-base', reason };
  }
  const proof = verifyBackup(listed, name);
  if (!proof.verified) return proof;
  return { ...proof, asFull: asked !== '' && proof.chain.length === 1 };
}

/**
 * The base is proven; how to upload on it? `local` is a fresh list, since the create has just run
 * the server's retention. `diff-from` compares files but needs the base on the server's disk;
 * `diff-from-remote` needs a server that compares checksums (2.7.0): before, parts are compared by
 * name, and a table dropped and filled anew silently keeps its old rows (contract §5).
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

function describeProblem(problem: ChainProblem, asked: string): string {
  const { kind, name, requiredBy, description } = problem;
  const base = requiredBy === asked ? `its base ${name}` : `${name}, which ${requiredBy} requires,`;
  switch (kind) {
    case 'missing':
      return `${name} is not on the remote storage`;
    case 'broken':
      return `${name} is broken: ${description}`;
    case 'base-missing':
      return `${base} is not on the remote storage`;
    case 'base-broken':
      return `${base} is broken: ${description}`;
    case 'cycle':
      return `its chain comes back to ${name} and has no full`;
  }
}
