import type { RequestError } from 'got';
import { presentable } from '../text.js';
import { TransportError } from './transport.js';

const details = {
  neverSent: true,
  unresolved: true,
  hint: 'check the DNS settings of this machine',
};

/** Returns the error for a host name whose lookup was not finished within the time limit. */
export function unresolvedInTime(cause: Error): TransportError {
  return new TransportError('the host name was not resolved in time', { ...details, cause });
}

/**
 * Returns the error for a host name that was not resolved; undefined if the failure is not about the
 * name. Node's own message repeats the name, which may be a password in the wrong place.
 */
export function readNameFailure({ code, cause }: RequestError): TransportError | undefined {
  const isLookup = (cause as NodeJS.ErrnoException | undefined)?.syscall === 'getaddrinfo';
  if (!isLookup && code !== 'ENOTFOUND' && code !== 'EAI_AGAIN') return undefined;
  if (code === 'ENOTFOUND') {
    const firstHint = 'check the spelling of the host';
    return new TransportError('the host name was not found', {
      ...details,
      wrongAddress: true,
      firstHint,
    });
  }
  const text =
    code === 'EAI_AGAIN' ? 'cannot be resolved now' : presentable(`cannot be resolved: ${code}`);
  return new TransportError(`the host name ${text}`, details);
}
