import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { test } from '../support/harness.js';
import { Receiver } from '../support/monitors.js';

const token = 'tok3n-aaaaaaaaaaaaaaaaa';

describe('a ping URL that is not valid is exit 2, before anything happens', () => {
  test.for([
    ['', 'ftp://hc/', 'is not an http or https URL'],
    ['', 'hc-ping.com/', 'is not an http or https URL'],
    ['', 'https://hc:99999/', 'is not a valid URL'],
    ['', 'https://u:%zz@hc/', 'is not a valid URL'],
    ['/{host}', 'https://hc/', 'contains a placeholder that does not exist'],
    ['/{command', 'https://hc/', 'contains a placeholder that does not exist'],
    ['/{COMMAND}', 'https://hc/', 'contains a placeholder that does not exist'],
    ['', 'https://{shard}.hc/', 'contains a placeholder in its host'],
    ['#top', 'https://hc/', 'contains a space or a fragment (#)'],
    [' b', 'https://hc/', 'contains a space or a fragment (#)'],
  ] as const)('%s %s', async ([end, start, problem], { harness }) => {
    const receiver = new Receiver(harness.clock);
    harness.environment = { pingTransport: receiver.open };
    harness.env = { CHBACKUP_PING_URL: `${start}${token}${end}` };
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(2);
    expect(stderr).toContain(`[ERROR] CHBACKUP_PING_URL ${problem}`);
    expect(stderr).not.toContain(token);
    expect([receiver.pings, harness.requests(), harness.files]).toEqual([[], [], []]);
  });
});

test('the ping URL may be in a file, as a secret', async ({ harness }) => {
  const receiver = new Receiver(harness.clock);
  harness.environment = { pingTransport: receiver.open };
  const file = path.join(harness.folder, 'url');
  writeFileSync(file, `https://hc/${token}\n`);
  harness.env = { CHBACKUP_PING_URL_FILE: file };
  expect((await harness.run('create-full')).code).toBe(0);
  expect(receiver.paths).toEqual([`/${token}/start?rid=ID`, `/${token}/0?rid=ID`]);
  harness.env = { CHBACKUP_PING_URL_FILE: `${file}.missing` };
  const missing = await harness.run('create-diff');
  expect([missing.code, missing.stderr]).toEqual([
    2,
    expect.stringContaining('the file named by CHBACKUP_PING_URL_FILE cannot be read'),
  ]);
  harness.env = { CHBACKUP_PING_URL_FILE: file, CHBACKUP_PING_URL: `https://hc/${token}` };
  const both = await harness.run('create-diff');
  expect([both.code, both.stderr]).toEqual([
    2,
    expect.stringContaining('both CHBACKUP_PING_URL and CHBACKUP_PING_URL_FILE are set'),
  ]);
  expect(receiver.pings).toHaveLength(2);
});

test('the ping URL has no option', async ({ harness }) => {
  const { code, stderr } = await harness.run('create-full', '--ping-url', `https://hc/${token}`);
  expect(code).toBe(2);
  expect(stderr).not.toContain(token);
});
