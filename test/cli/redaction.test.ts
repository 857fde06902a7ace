import { expect, test } from 'vitest';
import { createRedactor } from '../../src/cli/redaction.js';

const redactorOf = (pingUrl: string | undefined) =>
  createRedactor({ credentials: { user: 'me', password: 'pass word' }, pingUrl });

test.for([
  [
    'https://hc-ping.com/abcdef-0123456789',
    'POST /abcdef-0123456789/0 failed',
    'POST /***/0 failed',
  ],
  ['https://hc/s3cr/{command}', 'got https://hc/s3cr/create-full/0', 'got ***create-full/0'],
  ['https://hc/KEY0123456789/{shard}?t=TOKEN0123456', 'KEY0123456789 TOKEN0123456', '*** ***'],
  ['https://u:p%40ss@hc/x', 'p@ss and p%40ss', '*** and ***'],
  ['https://hc/a%2Fb01234567', 'a/b01234567', '***'],
  ['https://hc/clickhouse-backup/ping', 'clickhouse-backup: ping', 'clickhouse-backup: ping'],
  ['https://hc/', 'hc / create', 'hc / create'],
  [undefined, 'pass%20word, pass word, bWU6cGFzcyB3b3Jk', '***, ***, ***'],
] as const)('%s: %s', ([pingUrl, text, clean]) => {
  expect(redactorOf(pingUrl)(text)).toBe(clean);
});
