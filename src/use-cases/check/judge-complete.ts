import type { Check } from '../../backup/check-result.js';
import { chainOf } from '../../backup/chain.js';
import { ChbackupError, InterruptedError } from '../../errors.js';
import { CompletenessCheck, type CompletenessContext } from '../completeness.js';
import type { ListFacts } from './facts.js';
import { skipped } from './judge.js';

/**
 * Reads the tables of the newest backup, of its full backup and of the backups between them that were
 * uploaded again, and judges whether they are complete (clickhouse-backup-api.md#incomplete-backups).
 */
export async function judgeComplete(
  { remote }: ListFacts,
  newest: string | undefined,
  context: CompletenessContext,
): Promise<Check> {
  const name = 'complete';
  if (newest === undefined) return skipped(name, 'there is no backup that can be restored');
  const { chain } = chainOf(remote, newest);
  const names = chain.map((backup) => backup.name);
  try {
    const result = await new CompletenessCheck(context).checkChain(remote, names);
    const { name: backup } = result;
    switch (result.kind) {
      case 'complete': {
        const text = `backup ${newest} ${names.length > 1 ? 'and its full backup are' : 'is'} complete`;
        return { name, status: 'ok', text };
      }
      case 'incomplete':
        return {
          name,
          status: 'critical',
          text: `backup ${backup} is incomplete: ${result.reason}`,
        };
      case 'in-doubt':
        return { name, status: 'critical', text: result.reason };
      case 'unchecked': {
        const text = `it is unknown whether backup ${backup} is complete: ${result.reason}`;
        return { name, status: 'warning', text };
      }
    }
  } catch (error) {
    if (!(error instanceof ChbackupError) || error instanceof InterruptedError) throw error;
    const text = `it is unknown whether backup ${newest} is complete: ${error.message}`;
    return { name, status: 'warning', text };
  }
}
