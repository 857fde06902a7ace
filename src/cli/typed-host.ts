import { isIP } from 'node:net';
import type { Host } from '../config/host.js';
import { parseHost } from '../config/host.js';
import type { Given } from './options.js';

/**
 * Returns false if the host argument of a new host may be a password in the wrong place, because user
 * or password are arguments too. Then it is not shown before its name has been resolved, which is when
 * it turns out to be a host.
 */
export function mayShowHost(given: Given, { label }: Host): boolean {
  const isAlone = given.user === undefined && given.password === undefined;
  return isAlone || isCertainlyHost(label);
}

/** Returns a hint about the order of the arguments, for a host name that does not exist. */
export function orderAdvice({ host, user, password }: Given): string {
  const others = [user, password];
  const seemsSwapped =
    !looksLikeHost(host?.value) && others.some((other) => looksLikeHost(other?.value));
  return seemsSwapped
    ? 'the arguments may be swapped: their order is host, user, password'
    : 'the order of the arguments is host, user, password';
}

function isCertainlyHost(label: string): boolean {
  const name = label.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return /^https?:\/\//i.test(label) || isIP(name) > 0;
}

/**
 * Returns true for a valid host with a dot or a colon. Whether a name exists is not looked up, because
 * a password would be sent over the network in clear text.
 */
function looksLikeHost(text = ''): boolean {
  if (!/[.:]/.test(text)) return false;
  try {
    parseHost(text);
    return true;
  } catch {
    return false;
  }
}
