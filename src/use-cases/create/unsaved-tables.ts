import { ChbackupError, InterruptedError } from '../../errors.js';
import { shortList } from '../../text.js';
import type { CreateContext } from '../context.js';

/**
 * Reports the tables whose rows no backup contains, in the log and with `--verbose`. If the tables
 * cannot be read, the run continues and reports that.
 */
export async function reportUnsavedTables({ report, server }: CreateContext): Promise<void> {
  report.step('note-tables');
  report.phase('reading the tables');
  try {
    const unsaved = (await server.tables()).filter(({ rows }) => rows === 'unsaved');
    if (unsaved.length === 0) return;
    const names = unsaved.map(({ database, name, engine }) => `${database}.${name} (${engine})`);
    report.note(
      `clickhouse-backup saves only the definitions, not the rows, of ${shortList(names)}`,
    );
  } catch (error) {
    if (!(error instanceof ChbackupError) || error instanceof InterruptedError) throw error;
    report.note(`could not check for tables whose rows are not backed up: ${error.message}`);
  }
}
