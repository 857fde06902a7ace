import type { PostResult } from './connection.js';
import { ServerWait, type ServerContext } from './server-wait.js';
import { serverErrorCode } from '../server-errors.js';
import type { HttpAnswer } from '../../http/transport.js';

const alreadyTaken =
  'the server refused it as busy, but the action log shows that it had already started';

/**
 * Sends a POST. While the server is busy, waits within `--wait` and sends it again. Throws `BusyError`.
 *
 * `wasDone` returns true if the refused operation is in the action log anyway: a proxy sent the request
 * twice, the server accepted the first one, and the refusal is for the second one. The response then
 * counts as lost, and the request is not sent again. The log is read before the wait, which may throw,
 * and again right before the next POST.
 */
export async function postWhenFree(
  server: ServerContext,
  path: string,
  limitMs: number,
  options: {
    body?: string | undefined;
    wasDone?: () => Promise<boolean>;
    /** Runs after each wait, because other clients may have changed things; may throw. */
    beforeAgain?: (() => Promise<void>) | undefined;
  } = {},
): Promise<PostResult> {
  const { body, wasDone, beforeAgain } = options;
  const wait = new ServerWait(server);
  for (;;) {
    const result = await server.connection.post(path, limitMs, body, wasDone);
    if (result.kind === 'lost' || !isBusy(result.answer)) {
      wait.stop();
      return result;
    }
    let isTaken = await wasDone?.();
    if (!isTaken) {
      await wait.pauseForBusy();
      await beforeAgain?.();
      isTaken = await wasDone?.();
    }
    if (isTaken) {
      wait.stop();
      return { kind: 'lost', reason: alreadyTaken, afterMs: 0 };
    }
  }
}

/** Returns true for 423, and for 500 of `/backup/actions` (clickhouse-backup-api.md#lock). */
function isBusy({ status, body }: HttpAnswer): boolean {
  return status === 423 || (status === 500 && serverErrorCode(body) === 'busy');
}
