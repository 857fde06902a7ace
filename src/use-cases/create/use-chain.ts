import { findBackup } from '../../backup/chain.js';
import { plural } from '../../text.js';
import type { CompletenessCheck } from '../completeness.js';
import type { CreateContext } from '../context.js';
import { inDoubtError } from '../empty-storage.js';
import type { BaseCandidate, BaseRequest, FoundChain } from './find-base.js';

/** What an upload can do with a chain that the remote list shows as good. */
export type ChainUse =
  | { kind: 'complete'; candidates: BaseCandidate[] }
  | {
      kind: 'unchecked';
      candidates: BaseCandidate[];
      /** Why the server cannot tell whether backup `name` is complete. */
      reason: string;
      name: string;
      isSupported: boolean;
    }
  | { kind: 'incomplete'; reason: string }
  /** It has `maxChain` increments or more. */
  | { kind: 'too-long' };

/**
 * Decides which backup of a chain is the base, and checks that it is complete. Throws if the remote
 * storage is in doubt.
 */
export async function useChain(
  { base, maxChain = Infinity }: Pick<BaseRequest, 'base' | 'maxChain'>,
  { host, report }: CreateContext,
  check: CompletenessCheck,
  { chain, listed }: Extract<FoundChain, { kind: 'chain' }>,
): Promise<ChainUse> {
  const needed = neededOf(base, chain);
  report.step('limit-chain');
  if (needed.length > maxChain) {
    report.step('note-full');
    const increments = plural(needed.length - 1, 'increment');
    report.info(
      `the chain of ${chain.at(-1)} already has ${increments} (--max-chain ${maxChain}); this backup is uploaded in full`,
    );
    return { kind: 'too-long' };
  }
  report.step('check-base');
  const remote = listed.filter(({ location }) => location === 'remote');
  const result = await check.checkChain(remote, needed);
  // The base may have been read although another backup of the chain could not be.
  const candidateOf = (name = ''): BaseCandidate => {
    const dataBytes = findBackup(remote, 'remote', name)?.sizeBytes;
    return { name, tables: check.tablesOf(name), dataBytes };
  };
  const first = candidateOf(needed[0]);
  switch (result.kind) {
    case 'complete':
      return { kind: 'complete', candidates: [first] };
    case 'incomplete': {
      const reason = `backup ${result.name} is incomplete, although it is listed as good: ${result.reason}`;
      return { kind: 'incomplete', reason };
    }
    case 'unchecked': {
      // Such a server needs the local copy of the base, and it may have only that of the last backup.
      const { name, reason } = result;
      const isSupported = result.why !== 'unsupported';
      const mayUseLast = !isSupported && needed !== chain && chain.length <= maxChain;
      const candidates = mayUseLast ? [first, candidateOf(chain[0])] : [first];
      return { kind: 'unchecked', candidates, name, reason, isSupported };
    }
    case 'in-doubt':
      throw inDoubtError(host, `the base ${first.name} cannot be checked`, result);
  }
}

/** Returns the backups of a chain that an increment needs: all, or the full backup if it is the base. */
export function neededOf(base: BaseRequest['base'], chain: string[]): string[] {
  return base === 'full' ? chain.slice(-1) : chain;
}
