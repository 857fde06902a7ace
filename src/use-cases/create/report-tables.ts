import type { Table } from '../../client/client.js';
import { ChbackupError, InterruptedError } from '../../errors.js';
import { shortList } from '../../text.js';
import type { CreateContext } from '../context.js';

/**
 * Reports the tables whose rows no backup contains, in the log and with `--verbose`. On another replica
 * than the first, returns the tables that are not replicated; if another replica was expected to make the
 * backup, warns about them. If the tables cannot be read, the run continues and reports that.
 */
export async function reportTables(run: CreateContext, isFallback: boolean): Promise<string[]> {
  const { replica, replicas, report, server } = run;
  report.step('note-tables');
  report.phase('reading the tables');
  try {
    const tables = await server.tables();
    reportUnsaved(run, tables);
    if (replica.name === replicas[0]?.name) return [];
    const own = tables.filter(isNotReplicated).map(({ database, name }) => `${database}.${name}`);
    if (isFallback && own.length > 0) {
      report.warn(
        `the backup will contain the rows that ${replica.host} has of tables that are not replicated: ${shortList(own)}`,
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
