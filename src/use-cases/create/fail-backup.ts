import type { ServerErrorCode } from '../../client/server-errors.js';
import { OperationFailedError } from '../../errors.js';
import type { CreateContext } from '../context.js';

export interface BackupFailure {
  what: 'create' | 'upload';
  name: string;
  /** In the server's words where it gave any. */
  reason: string;
  /** What the server's words mean. */
  code?: ServerErrorCode | undefined;
  /** No list could be believed: the journal stays, and the next run may find it complete. */
  undecided?: boolean;
  /** The server may still be at it: nobody should delete its copy now. */
  mayGoOn?: boolean;
}

const headings = { create: 'CREATE BACKUP ERROR', upload: 'UPLOAD ERROR' };

/** Closes the journal, unless the next run may find out more, and throws what is to be logged. */
export function failBackup(
  {
    deleteLocalCommand,
    files,
    report,
  }: Pick<CreateContext, 'deleteLocalCommand' | 'files' | 'report'>,
  failure: BackupFailure,
): never {
  const { what, name, reason, undecided = false } = failure;
  report.step(`${what}-error`);
  if (!undecided) files.removeJournal();
  report.step(what === 'create' ? 'log-error' : 'log-upload-error');
  const verdict = undecided ? 'could not be verified' : 'failed';
  throw new OperationFailedError(`the ${what} of ${name} ${verdict}: ${reason}`, {
    heading: headings[what],
    hint: hintFor(failure, deleteLocalCommand),
  });
}

function hintFor(
  { what, name, code, undecided, mayGoOn }: BackupFailure,
  deleteLocalCommand: CreateContext['deleteLocalCommand'],
): string {
  if (undecided) return 'the next run will check again';
  if (code === 'no-tables') {
    return "create a table first, or set general.allow_empty_backups in clickhouse-backup's configuration";
  }
  const kept = 'the last-backup file is as it was';
  if (what === 'create' || mayGoOn) return kept;
  return `${kept}; the local copy is left: ${deleteLocalCommand(name)}`;
}
