import { describe, expect, test } from 'vitest';
import { TransportError } from '../../src/http/transport.js';
import { sendPing } from '../../src/notify/send-ping.js';
import { Receiver, type Receiving } from '../support/monitors.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** Sends a ping; returns why it failed, how often it was sent and how long that took. */
async function send(receiving: Receiving[], abortAfterMs = Infinity) {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const { signal } = stop;
  void clock.sleep(abortAfterMs).then(() => stop.abort());
  const receiver = new Receiver(clock);
  receiver.receiving = receiving;
  const startMs = clock.elapsed();
  const transport = receiver.open('https://hc');
  const reason = await sendPing('/U/0', 'text', { transport, clock, signal, limitMs: 30_000 });
  return { reason, sent: receiver.pings.length, ms: clock.elapsed() - startMs };
}

const ok: Receiving = { kind: 'answers', status: 200 };

describe('a ping is delivered', () => {
  test.for([200, 201, 204])('with HTTP %i', async (status) => {
    const result = await send([{ kind: 'answers', status }]);
    expect(result).toEqual({ reason: undefined, sent: 1, ms: 0 });
  });

  test.for([
    [{ kind: 'answers', status: 500 }, 500],
    [{ kind: 'answers', status: 503 }, 500],
    [{ kind: 'answers', status: 429 }, 500],
    [{ kind: 'answers', status: 429, retryAfter: '7' }, 7000],
    [{ kind: 'refuses' }, 500],
    [{ kind: 'hangs' }, 10_500],
  ] as const)('at the second attempt, after %j', async ([first, ms]) => {
    expect(await send([first, ok])).toEqual({ reason: undefined, sent: 2, ms });
  });
});

describe('a ping is given up', () => {
  test.for([
    ['HTTP 404', { kind: 'answers', status: 404 }, 'the answer was HTTP 404'],
    [
      'a redirect',
      { kind: 'answers', status: 302 },
      'the answer was HTTP 302, a redirect, which is not followed',
    ],
    [
      'a check that does not exist',
      { kind: 'answers', status: 200, body: 'OK (not found)' },
      'there is no such check',
    ],
    [
      'a check that is pinged too often',
      { kind: 'answers', status: 200, body: 'OK (rate limited)' },
      'there were too many pings within a minute',
    ],
    [
      'HTTP 429 with a long Retry-After',
      { kind: 'answers', status: 429, retryAfter: '3600' },
      'the answer was HTTP 429',
    ],
  ] as const)('at once: %s', async ([, receiving, reason]) => {
    expect(await send([receiving])).toEqual({ reason, sent: 1, ms: 0 });
  });

  test.for([
    ['HTTP 503', { kind: 'answers', status: 503 }, 'the answer was HTTP 503'],
    ['a dead receiver', { kind: 'refuses' }, 'connection refused'],
    ['a receiver that hangs', { kind: 'hangs' }, 'no answer in time'],
    [
      'a receiver that is too slow',
      { kind: 'answers', status: 200, afterMs: 15_000 },
      'no answer in time',
    ],
  ] as const)('within 30 s: %s', async ([, receiving, reason]) => {
    const result = await send([receiving]);
    expect(result.reason).toBe(reason);
    expect(result.sent).toBeGreaterThan(1);
    expect(result.ms).toBeGreaterThan(15_000);
    expect(result.ms).toBeLessThanOrEqual(30_000);
  });

  test('at once for a certificate that is not trusted and a host that does not exist', async () => {
    const clock = new VirtualClock();
    const { signal } = new AbortController();
    for (const details of [{ permanent: true }, { wrongAddress: true }]) {
      let sent = 0;
      const transport = () => {
        sent += 1;
        return Promise.reject(new TransportError('wrong', { neverSent: true, ...details }));
      };
      const options = { transport, clock, signal, limitMs: 30_000 };
      expect([await sendPing('/U/0', '', options), sent]).toEqual(['wrong', 1]);
    }
  });

  test('when its signal is aborted, with the last reason', async () => {
    const result = await send([{ kind: 'refuses' }, { kind: 'hangs' }], 3000);
    expect(result).toEqual({ reason: 'connection refused', sent: 2, ms: 3000 });
  });
});
