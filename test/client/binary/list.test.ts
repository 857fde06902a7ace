import { expect, test } from 'vitest';
import { fakeVersions, startFake } from './fake-program.js';

const short = (version: string, row: { sizeBytes?: number }) =>
  `${version} ${((row.sizeBytes ?? Number.NaN) / 1024 ** 2).toFixed(2)}`;

test.each(fakeVersions)('%s: reads the recorded local list', async (version) => {
  const { client } = startFake({ version });
  const rows = await client.list('local');
  expect(rows.every(({ location }) => location === 'local')).toBe(true);
  const names = version === '2.4.0' ? 'FULL_1 DIFF_2 DIFF_1 FULL_9' : 'DIFF_2 FULL_1 FULL_9';
  expect(rows.map(({ name }) => name).join(' ')).toBe(names);
  expect(rows.map(({ required }) => required)).toEqual(
    version === '2.4.0'
      ? [undefined, undefined, undefined, undefined]
      : ['DIFF_1', undefined, undefined],
  );
  // The base that a download left, with a name chbackup did not create.
  const states = version === '2.4.0' ? ['foreign'] : [];
  expect(rows.map(({ state }) => state).filter((state) => state !== 'ok')).toEqual(states);
});

test.each(fakeVersions)('%s: reads the recorded remote list', async (version) => {
  const { client, calls } = startFake({ version });
  const [row, ...rest] = await client.list('remote');
  expect(rest).toEqual([]);
  expect(row).toMatchObject({
    name: 'FULL_9',
    location: 'remote',
    required: undefined,
    description: 'tar, regular',
    state: 'ok',
  });
  const expected = { '2.4.0': '8.24', '2.6.30': '8.45', '2.8.1': '8.54' }[version];
  expect(short(version, row ?? {})).toBe(`${version} ${expected}`);
  const asJson = calls().at(-1)?.args.includes('json');
  expect(asJson).toBe(version === '2.8.1');
});

test.each(['2.4.0', '2.6.30'] as const)('%s: lists both locations at once', async (version) => {
  const rows = await startFake({ version }).client.list('all');
  expect(rows.map(({ location }) => location)).toEqual(
    version === '2.4.0'
      ? ['local', 'local', 'local', 'local', 'remote']
      : ['local', 'local', 'local', 'remote'],
  );
});

test.each(fakeVersions)(
  '%s: reads dates, sizes, bases, broken and old-format backups',
  async (version) => {
    const full = 'FULL_CH_BK_2026-11-20_10-00-00';
    const { client } = startFake({
      version,
      state: {
        local: [
          { name: 'b1', bytes: 500 },
          ...(version === '2.4.0' ? [{ name: full, oldFormat: true }] : []),
        ],
        remote: [
          { name: 'b1', created: '2026-11-22 13:03:56', bytes: 1024 ** 3 },
          { name: 'b2', created: '2026-11-23 13:03:56', bytes: 2048, required: 'b1' },
          { name: full, broken: "broken (can't stat metadata.json)" },
          { name: 'b3', broken: "broken (can't stat metadata.json)" },
        ],
      },
    });
    const rows = await client.list('all');
    expect(rows[0]).toMatchObject({ name: 'b1', sizeBytes: 500, created: '2026-11-22 13:03:56' });
    if (version === '2.4.0') {
      expect(rows[1]).toMatchObject({ state: 'old-format', description: 'old-format' });
      expect(rows[1]).not.toHaveProperty('sizeBytes');
    }
    const remote = rows.filter(({ location }) => location === 'remote');
    expect(remote).toMatchObject([
      { name: 'b1', sizeBytes: 1024 ** 3, required: undefined, state: 'ok' },
      { name: 'b2', sizeBytes: 2048, required: 'b1', created: '2026-11-23 13:03:56' },
      { name: full, state: 'broken', description: "broken (can't stat metadata.json)" },
      { name: 'b3', state: 'foreign', description: "broken (can't stat metadata.json)" },
    ]);
    expect(remote[2]).not.toHaveProperty('sizeBytes');
  },
);

test.each(fakeVersions)('%s: returns an empty list if there are no backups', async (version) => {
  expect(await startFake({ version, state: {} }).client.list('all')).toEqual([]);
});

test.each(fakeVersions)(
  '%s: fails if the storage is down, although the program exits with 0',
  async (version) => {
    const { client } = startFake({
      version,
      state: { local: [{ name: 'b1' }], storageDown: true },
    });
    await expect(client.list('all')).rejects.toMatchObject({
      name: 'ResponseError',
      message: expect.stringContaining('bd.Walk return error: dial tcp 127.0.0.1:21') as string,
    });
    expect(await client.list('local')).toHaveLength(1);
  },
);

test('fails if the program exits with 0 and prints nothing instead of []', async () => {
  const { client } = startFake({ state: { mute: ['list'] } });
  await expect(client.list('remote')).rejects.toThrow('not even an empty list');
});

test('fails if an error is printed with an empty list, but not with entries', async () => {
  const stderr = { list: '2026-11-22 13:00:00.123 ERR pkg/storage/ftp.go:1 > pool is empty' };
  const empty = startFake({ state: { stderr, local: [{ name: 'b1' }] } });
  await expect(empty.client.list('all')).rejects.toThrow('pool is empty');
  expect(await empty.client.list('local')).toHaveLength(1);
});

test.each(fakeVersions)('%s: returns the error of a list that fails', async (version) => {
  const { client } = startFake({ version, state: { fail: { list: "remote_storage is 'none'" } } });
  await expect(client.list('remote')).rejects.toMatchObject({
    name: 'ResponseError',
    message: expect.stringMatching(/list remote.* failed: remote_storage is 'none'$/) as string,
  });
});
