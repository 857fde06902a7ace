import type { ServerErrorCode } from '../../client/server-errors.js';
import { OperationFailedError } from '../../errors.js';
import type { CreateContext } from '../context.js';

export interface BackupFailure {
  what: 'create' | 'upload';
  name: string;
  /** In the server's words where it gave any. */
  reason: string;
  /** What the server's text means. */
  code?: ServerErrorCode | undefined;
  /** No list could be relied on: the journal is kept, and the next run may find the backup complete. */
  undecided?: boolean;
  /** The server may still be working on the backup, so its local copy must not be deleted now. */
  mayContinue?: boolean;
}

const nouns = { create: 'creation', upload: 'upload' };
const headings = { create: 'CREATE BACKUP ERROR', upload: 'UPLOAD ERROR' };

/** Removes the journal, unless the next run has to check the outcome again, and throws the error. */
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
  throw new OperationFailedError(`the ${nouns[what]} of backup ${name} ${verdict}: ${reason}`, {
    heading: headings[what],
    hint: hintFor(failure, deleteLocalCommand),
  });
}

function hintFor(
  { what, name, code, undecided, mayContinue }: BackupFailure,
  deleteLocalCommand: CreateContext['deleteLocalCommand'],
): string {
  if (undecided) return 'the next run will check again';
  if (code === 'no-tables') {
    return "create a table first, or set general.allow_empty_backups in clickhouse-backup's configuration";
  }
  const kept = 'the last-backup file is unchanged';
  if (what === 'create' || mayContinue) return kept;
  return `${kept}; to delete the local copy, run ${deleteLocalCommand(name)}`;
}
