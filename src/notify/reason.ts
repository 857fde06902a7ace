import { describeErrno } from '../text.js';

/** Returns a reason for an error of any kind. A message may contain a secret, so it is not used. */
export function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return describeErrno(error);
  return `unexpected error: ${error instanceof Error ? error.name : typeof error}`;
}
