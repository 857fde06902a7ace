import { ChbackupError, exitCodes } from '../errors.js';

export class UnexpectedError extends ChbackupError {
  override name = 'UnexpectedError' as const;
  readonly exitCode = exitCodes.failed;
  constructor(what: string, hint = 'this is a bug in chbackup; please report it') {
    super(what, { hint });
  }
}

/**
 * Returns an error that is safe to show. The message of an unexpected error may contain what was
 * typed, even a password, so only its name is shown.
 */
export function presentableError(error: unknown): ChbackupError {
  if (error instanceof ChbackupError) return error;
  const kind = error instanceof Error ? error.name : typeof error;
  return (
    missingPart(error) ??
    new UnexpectedError(`unexpected error: ${[kind, ...codeOf(error)].join(' ')}`)
  );
}

/**
 * Returns the error for a part of the program that could not be loaded, for example because an update
 * removed it; undefined for any other error.
 */
export function missingPart(error: unknown): UnexpectedError | undefined {
  if (!codeOf(error).some((code) => code.endsWith('MODULE_NOT_FOUND'))) return undefined;
  return new UnexpectedError(
    'a part of chbackup is missing',
    'if chbackup was just updated, run it again; otherwise install it again',
  );
}

function codeOf(error: unknown): string[] {
  if (!(error instanceof Error) || !('code' in error)) return [];
  return typeof error.code === 'string' && /^[A-Z_\d]+$/.test(error.code) ? [error.code] : [];
}
