import { findLostTables } from '../../backup/table-metadata.js';
import { formatBytes, shortList } from '../../text.js';
import type { CreateContext } from '../context.js';
import type { BaseCandidate } from './find-base.js';

/**
 * Warns about what a backup lacks in comparison with its base: tables that have no parts any more, and
 * more than half of the data. Both may be right, so neither fails the run.
 */
export function reportLosses(
  { report }: Pick<CreateContext, 'report'>,
  base: BaseCandidate,
  backup: BaseCandidate,
): void {
  if (base.tables !== undefined && backup.tables !== undefined) {
    const lost = findLostTables(base.tables, backup.tables);
    if (lost.length > 0) {
      const names = shortList(lost.map(({ database, name }) => `${database}.${name}`));
      const [have, were] =
        lost.length === 1
          ? [`table ${names} has`, 'it was']
          : [`tables ${names} have`, 'they were'];
      report.warn(
        `${have} data in the base ${base.name}, but not in backup ${backup.name}; check whether ${were} emptied, dropped or excluded on purpose`,
      );
    }
  }
  const { dataBytes } = backup;
  if (dataBytes === undefined || base.dataBytes === undefined) return;
  if (dataBytes * 2 < base.dataBytes) {
    report.warn(
      `backup ${backup.name} has ${formatBytes(dataBytes)} of data, less than half of the ${formatBytes(base.dataBytes)} of its base ${base.name}`,
    );
  }
}
