import type { PostResult } from './connection.js';
import { ServerWait, type ServerContext } from './server-wait.js';
import { serverErrorCode } from '../server-errors.js';
import type { HttpAnswer } from '../../http/transport.js';

const alreadyTaken =
  'it was refused as busy, but the action log shows that it had been started already';

/**
 * Sends a POST; while the server refuses it for being busy, waits within `--wait` and asks again.
 * `wasDone`: the action log has it all the same. Then something on the way sent it twice, the first
 * one was taken, and the second one's refusal came back: it counts as lost, and is not sent again.
 * The log is read before the wait, which may end in an error, and right before the next POST.
 */
export async function postWhenFree(
  server: ServerContext,
  path: string,
  limitMs: number,
  options: {
    body?: string | undefined;
    wasDone?: () => Promise<boolean>;
    /** Others have been at work: whether it is still wanted. May throw. */
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

/** 423, and 500 from `/backup/actions` (§2). */
function isBusy({ status, body }: HttpAnswer): boolean {
  return status === 423 || (status === 500 && serverErrorCode(body) === 'busy');
}
