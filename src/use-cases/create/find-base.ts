import type { Backup } from '../../backup/backup.js';
import type { BackupTable } from '../../backup/table-metadata.js';
import { verifyBackup } from '../../backup/verification.js';
import { OperationFailedError } from '../../errors.js';
import { baseRetryPausesMs } from '../../time/intervals.js';
import { CompletenessCheck } from '../completeness.js';
import type { CreateContext } from '../context.js';
import { emptyList, inDoubtError } from '../empty-storage.js';
import { searchChain } from './search-chain.js';
import { useChain } from './use-chain.js';

/** What a DIFF without a usable base does: a full upload, or fail. */
export type WithoutBase = 'full' | 'fail';

/** How a DIFF chooses its base. */
export interface BaseRequest {
  withoutBase: WithoutBase;
  /** The last backup, or the full backup of its chain. */
  base: 'last' | 'full';
  /** How many increments a full backup may have in one chain; undefined: any number. */
  maxChain: number | undefined;
  /** Without a last-backup file, the newest complete backup on the remote storage is the last backup. */
  findBase: boolean;
}

/** A backup on which the upload can be based. */
export interface BaseCandidate {
  name: string;
  /** undefined if the server did not show them. */
  tables: BackupTable[] | undefined;
  dataBytes: number | undefined;
}

export interface Base {
  /** The preferred one first; none if the upload will be a full one. */
  candidates: BaseCandidate[];
  /** The list of both locations in which the base was looked up. */
  listed: Backup[];
}

/**
 * Returns the base of an increment: the backup in the last-backup file, or the full backup of its chain.
 * It must be on the remote list with its whole chain, and complete if the server can tell. Another backup
 * is used only with `findBase`, because below 2.7.0 one that looks complete on the list may not be
 * (clickhouse-backup-api.md#incomplete-backups).
 */
export async function findBase(request: BaseRequest, context: CreateContext): Promise<Base> {
  const { files, report, server } = context;
  report.step('read-last-backup');
  const last = files.readLastBackup();
  report.step('verify-base');
  report.phase('verifying the base');
  const firstList = await server.list('all');
  const retrying = (what: keyof typeof steps) => report.step(steps[what]);
  const isNamed = last.kind === 'named';
  const check = new CompletenessCheck({ ...context, ...(isNamed && { retrying }) });
  const found =
    last.kind === 'named'
      ? await verifyLastBackup(last.name, firstList, context)
      : await replaceLastBackup(last.reason, firstList, request, context, check);
  if (found.kind === 'none') return giveUpBase(request.withoutBase, context, found);
  const { listed } = found;
  const use = await useChain(request, context, check, found);
  switch (use.kind) {
    case 'too-long':
      return { candidates: [], listed };
    case 'incomplete': {
      const reason = `the base cannot be used: ${use.reason}`;
      return giveUpBase(request.withoutBase, context, { reason, listed });
    }
    case 'unchecked':
      if (use.isSupported) {
        report.warn(
          `could not check whether backup ${use.name} is complete: ${use.reason}; it is used as a base anyway`,
        );
      }
      return { candidates: use.candidates, listed };
    case 'complete':
      return { candidates: use.candidates, listed };
  }
}

/** The chain of the last backup, as the list shows it. */
export type FoundChain =
  /** `chain`: the names from the last backup down to its full. */
  | { kind: 'chain'; chain: string[]; listed: Backup[] }
  | { kind: 'none'; reason: string; listed: Backup[] };

async function verifyLastBackup(
  name: string,
  firstList: Backup[],
  { clock, host, report, server, signal }: CreateContext,
): Promise<FoundChain> {
  let listed = firstList;
  let verification = verifyBackup(listed, name);
  for (const pauseMs of baseRetryPausesMs) {
    if (verification.verified) break;
    report.step('retry-base');
    await clock.sleep(pauseMs, signal);
    report.step('verify-base');
    listed = await server.list('all');
    verification = verifyBackup(listed, name);
  }
  if (verification.verified) return { kind: 'chain', chain: verification.chain, listed };
  report.step('storage-empty');
  if (!listed.some((backup) => backup.location === 'remote')) {
    const doubt = { isListEmpty: true, reason: emptyList };
    throw inDoubtError(host, `the base ${name} cannot be checked`, doubt);
  }
  return { kind: 'none', reason: `the base cannot be used: ${verification.reason}`, listed };
}

/** `why`: why there is no last backup. */
async function replaceLastBackup(
  why: string,
  listed: Backup[],
  { base, findBase: mayFind }: BaseRequest,
  context: CreateContext,
  check: CompletenessCheck,
): Promise<FoundChain> {
  if (!mayFind) {
    const reason = `${why}: it is recommended to create a FULL backup first`;
    return { kind: 'none', reason, listed };
  }
  const found = await searchChain(base, listed, context, check);
  if (found.kind === 'chain') return found;
  return { ...found, reason: `${why}, and --find-base found no base: ${found.reason}` };
}

const steps = { pause: 'retry-check', read: 'check-base' } as const;

function giveUpBase(
  withoutBase: WithoutBase,
  { report }: CreateContext,
  { reason, listed }: { reason: string; listed: Backup[] },
): Base {
  report.step('without-base');
  if (withoutBase === 'fail') {
    throw new OperationFailedError(`${reason}; nothing was created`, {
      hint: 'run create-full, or allow a full upload with --without-base full',
    });
  }
  report.step('warn-no-base');
  report.warn(`${reason}; this backup is uploaded in full`);
  return { candidates: [], listed };
}
