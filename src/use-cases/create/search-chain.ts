import type { Backup } from '../../backup/backup.js';
import { findRestorable, indexBackups } from '../../backup/chain.js';
import { parseBackupName, sortByAge } from '../../backup/names.js';
import { verifyBackup } from '../../backup/verification.js';
import { baseRetryPausesMs } from '../../time/intervals.js';
import type { CompletenessCheck } from '../completeness.js';
import type { CreateContext } from '../context.js';
import { emptyList, inDoubtError } from '../empty-storage.js';
import { readRecordedTimes } from '../recorded-times.js';
import type { BaseRequest, FoundChain } from './find-base.js';
import { neededOf } from './use-chain.js';

/**
 * Searches the last backup of an agent without state: the newest backup with a name of chbackup whose
 * chain is good on the remote list, and complete. A backup that cannot be checked is not used.
 */
export async function searchChain(
  base: BaseRequest['base'],
  firstList: Backup[],
  context: CreateContext,
  check: CompletenessCheck,
): Promise<FoundChain> {
  const { clock, host, report, server, signal } = context;
  let listed = firstList;
  let names = findGood(listed, context);
  for (const pauseMs of baseRetryPausesMs) {
    if (names.length > 0) break;
    report.step('retry-base');
    await clock.sleep(pauseMs, signal);
    report.step('verify-base');
    listed = await server.list('all');
    names = findGood(listed, context);
  }
  const remote = listed.filter(({ location }) => location === 'remote');
  const none = (reason: string): FoundChain => ({ kind: 'none', reason, listed });
  let reason =
    remote.length === 0
      ? emptyList
      : 'the remote storage has no backup of chbackup that can be restored';
  for (const name of names) {
    const verification = verifyBackup(remote, name);
    const chain = verification.verified ? verification.chain : [];
    const needed = neededOf(base, chain);
    const result = await check.checkChain(remote, needed);
    switch (result.kind) {
      case 'complete':
        report.info(`found the base on the remote storage: backup ${needed[0]}`);
        return { kind: 'chain', chain, listed };
      case 'unchecked': {
        const isKnown = result.why === 'unsupported';
        const problem = `backup ${result.name} could not be checked: ${result.reason}`;
        return none(isKnown ? result.reason : problem);
      }
      case 'in-doubt':
        throw inDoubtError(host, `the base ${name} cannot be checked`, result);
      case 'incomplete':
        reason = `backup ${result.name} is incomplete: ${result.reason}`;
        report.warn(`backup ${name} is not used as the base: ${reason}`);
    }
  }
  return none(reason);
}

/** Returns the backups of chbackup that can be restored according to the list, newest first. */
export function findGood(listed: readonly Backup[], context: CreateContext): string[] {
  const index = indexBackups(listed.filter(({ location }) => location === 'remote'));
  const restorable = findRestorable(index);
  const found = [...index.values()].filter(({ name }) => {
    return restorable.has(name) && parseBackupName(name) !== undefined;
  });
  return sortByAge(found, readRecordedTimes(context))
    .reverse()
    .map(({ name }) => name);
}
