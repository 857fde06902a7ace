import { errorAnswer } from './schemas.js';
import type { HttpAnswer } from '../../http/transport.js';

/** Its own errors are JSON; anything else that says no is a proxy's, and the request may have gone through. */
export function isFromServer({ status, body }: HttpAnswer): boolean {
  if (status < 400) return true;
  try {
    readError(body);
    return true;
  } catch {
    return false;
  }
}

/** The text of its error; throws if there is none. Of several lines the first: a faulty configuration is answered with two (§1). */
export function readError(body: string): string {
  return errorAnswer.parse(JSON.parse(body.split('\n')[0] ?? '')).error;
}
