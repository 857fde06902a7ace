import { ChbackupError, exitCodes } from '../errors.js';

export class UnexpectedError extends ChbackupError {
  override name = 'UnexpectedError' as const;
  readonly exitCode = exitCodes.failed;
  constructor(what: string, hint = 'this is a fault of chbackup; please report it') {
    super(what, { hint });
  }
}

/**
 * Returns an error that a person may see. The message of an unexpected one may hold what was typed,
 * a password among it, so only its kind is shown.
 */
export function presentableError(error: unknown): ChbackupError {
  if (error instanceof ChbackupError) return error;
  const kind = error instanceof Error ? error.name : typeof error;
  return (
    missingPart(error) ?? new UnexpectedError(`unexpected: ${[kind, ...codeOf(error)].join(' ')}`)
  );
}

/** Parts of the program are loaded when they are needed, perhaps after an update removed them. */
export function missingPart(error: unknown): UnexpectedError | undefined {
  if (!codeOf(error).some((code) => code.endsWith('MODULE_NOT_FOUND'))) return undefined;
  return new UnexpectedError(
    'a part of chbackup is missing',
    'run it again if it was updated just now, else install it again',
  );
}

function codeOf(error: unknown): string[] {
  if (!(error instanceof Error) || !('code' in error)) return [];
  return typeof error.code === 'string' && /^[A-Z_\d]+$/.test(error.code) ? [error.code] : [];
}
