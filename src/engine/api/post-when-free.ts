import type { ActionLog } from './action-log.js';
import type { ApiClient, PostResult } from './client.js';
import type { HttpAnswer } from './transport.js';

/**
 * Sends a POST; while the server refuses it for being busy, waits within `--wait` and asks again.
 * `wasDone`: the action log has it all the same. Then something on the way sent it twice, the first
 * one was taken, and the second one's refusal came back: it counts as lost, and is not sent again.
 */
export async function postWhenFree(
  { client, log }: { client: ApiClient; log: ActionLog },
  path: string,
  limitMs: number,
  options: {
    body?: string | undefined;
    wasDone?: () => Promise<boolean>;
    /** Others have been at work: whether it is still wanted. May throw. */
    beforeAgain?: (() => Promise<void>) | undefined;
  } = {},
): Promise<PostResult> {
  const wait = log.startWaiting();
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    const result = await client.post(path, limitMs, options.body, options.wasDone);
    if (result.kind === 'lost' || !isBusy(result.answer)) {
      log.stopWaiting(wait);
      return result;
    }
    // oxlint-disable-next-line no-await-in-loop
    if (await options.wasDone?.()) {
      log.stopWaiting(wait);
      return { kind: 'lost', why: 'refused, but already taken: it was sent twice', afterMs: 0 };
    }
    // oxlint-disable-next-line no-await-in-loop
    await log.pauseForBusy(wait);
    // oxlint-disable-next-line no-await-in-loop
    await options.beforeAgain?.();
  }
}

/** 423, and 500 from `/backup/actions` (§2). */
function isBusy({ status, body }: HttpAnswer): boolean {
  const text = 'another operation is currently running';
  return status === 423 || (status === 500 && body.includes(text));
}
