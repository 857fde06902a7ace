import type { Table } from '../../client/client.js';
import { ChbackupError, InterruptedError } from '../../errors.js';
import { shortList } from '../../text.js';
import type { CreateContext } from '../context.js';
import type { UsualReplica } from './usual-replica.js';

/**
 * Reports the tables whose rows no backup contains, in the log and with `--verbose`. If the backup will
 * contain the rows of another replica than usual, returns the tables that are not replicated, and warns
 * about them unless those of the last backup are from that replica too. If the tables cannot be read, the
 * run continues and reports that.
 */
export async function reportTables(run: CreateContext, usual: UsualReplica): Promise<string[]> {
  const { replica, replicas, report, server } = run;
  const isFallback = replica.name !== usual.name;
  report.step('note-tables');
  report.phase('reading the tables');
  try {
    const tables = await server.tables();
    reportUnsaved(run, tables);
    if (!isFallback && !usual.hasOtherRows) return [];
    const own = tables.filter(isNotReplicated).map(({ database, name }) => `${database}.${name}`);
    if (isFallback && own.length > 0) {
      const other = replicas.find(({ name }) => name === usual.name)?.host ?? usual.name;
      const last = usual.madeLast ? `; the last backup contains those of ${other}` : '';
      report.warn(
        `the backup will contain the rows that ${replica.host} has of tables that are not replicated: ${shortList(own)}${last}`,
      );
    }
    return own;
  } catch (error) {
    if (!(error instanceof ChbackupError) || error instanceof InterruptedError) throw error;
    report.note(`could not check for tables whose rows are not backed up: ${error.message}`);
    if (isFallback) {
      report.warn(`could not check for tables that are not replicated: ${error.message}`);
    }
    return [];
  }
}

function reportUnsaved({ report }: CreateContext, tables: readonly Table[]): void {
  const unsaved = tables.filter(({ rows }) => rows === 'unsaved');
  if (unsaved.length === 0) return;
  const names = unsaved.map(({ database, name, engine }) => `${database}.${name} (${engine})`);
  report.note(`clickhouse-backup saves only the definitions, not the rows, of ${shortList(names)}`);
}

/** True for a table that keeps rows of its own, which other replicas do not have. */
function isNotReplicated({ rows, engine = '' }: Table): boolean {
  return rows === 'saved' && engine !== 'MaterializedView' && !/^(Replicated|Shared)/.test(engine);
}
