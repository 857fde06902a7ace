import { ChbackupError, InterruptedError } from '../../errors.js';
import type { CreateContext } from '../context.js';

/** How many tables one line names. */
const mostNamed = 20;

/**
 * Names the tables whose rows no backup contains, in the log and with `--verbose`. A backup does not
 * depend on it: if the tables cannot be read, that is noted and the run continues.
 */
export async function reportUnsavedTables({ report, server }: CreateContext): Promise<void> {
  report.step('note-tables');
  report.phase('reading the tables');
  try {
    const unsaved = (await server.tables()).filter(({ rows }) => rows === 'unsaved');
    if (unsaved.length === 0) return;
    const named = unsaved
      .slice(0, mostNamed)
      .map(({ database, name, engine }) => `${database}.${name} (${engine})`);
    const more = unsaved.length - named.length;
    report.note(
      `clickhouse-backup saves only the definitions, not the rows, of ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    );
  } catch (error) {
    if (!(error instanceof ChbackupError) || error instanceof InterruptedError) throw error;
    report.note(`could not check which tables' rows are in no backup: ${error.message}`);
  }
}
