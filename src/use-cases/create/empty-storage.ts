import { OperationFailedError } from '../../errors.js';

/** A storage that is down lists as empty (contract §11): where something must be, that is no answer. */
export function emptyStorage(host: string, consequence: string): OperationFailedError {
  return new OperationFailedError(
    `the remote storage of ${host} lists no backup at all, so nothing was created: ${consequence}`,
    { hint: 'a storage that is down lists as empty; if it really is empty, run create-full' },
  );
}
