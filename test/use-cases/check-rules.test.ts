import { describe, expect, test } from 'vitest';
import type { Backup } from '../../src/backup/backup.js';
import type { Check, CheckName } from '../../src/backup/check-result.js';
import { UnauthorizedError, UnreachableError } from '../../src/errors.js';
import type {
  CheckLimits,
  FailedReplica,
  ListFacts,
  ReadReplica,
} from '../../src/use-cases/check/facts.js';
import { judge } from '../../src/use-cases/check/judge.js';
import type { OwnFiles } from '../../src/use-cases/check/own-files.js';

const hour = 3_600_000;
const nowMs = Date.parse('2026-11-22T10:00:00');
const full = 'FULL_CH_BK_2026-11-21_20-30-00';
const diff = 'DIFF_CH_BK_2026-11-22_09-00-00';

const row = (name: string, more: Partial<Backup> = {}): Backup => ({
  name,
  location: 'remote',
  created: '2026-11-22 09:00:00',
  required: undefined,
  description: 'tar, regular',
  state: 'ok',
  sizeBytes: 1000,
  ...more,
});

const chain = [row(full), row(diff, { required: full })];

const read = (rows: readonly Backup[], more: Partial<ReadReplica> = {}): ReadReplica => ({
  kind: 'read',
  host: 'ch-1a',
  version: '2.8.0',
  rows,
  running: [],
  ...more,
});

const failed = (error: FailedReplica['error']): FailedReplica => ({
  kind: 'failed',
  host: 'ch-1b',
  error,
});

const own: OwnFiles = {
  lastBackup: { kind: 'named', name: diff },
  journal: { kind: 'none' },
  status: undefined,
  holder: undefined,
  exist: true,
  problem: undefined,
};

const limits: CheckLimits = {
  maxAgeMs: 5 * hour,
  maxFullAgeMs: 8 * 24 * hour,
  maxChain: undefined,
  timeoutMs: 24 * hour,
};

function facts(rows: readonly Backup[], more: Partial<ListFacts> = {}): ListFacts {
  const used = more.used ?? read(rows);
  return {
    nowMs,
    limits,
    recordedTimes: new Map(),
    replicas: [used],
    own,
    sharedPath: undefined,
    used,
    remote: rows.filter(({ location }) => location === 'remote'),
    ...more,
  };
}

function checkOf(name: CheckName, given: ListFacts, before?: readonly Backup[]): Check {
  const found = judge(given, before).checks.find((check) => check.name === name);
  if (found === undefined) throw new Error(`there is no check ${name}`);
  return found;
}

/** A holder of the lock of the shard, whose run began that long ago. */
const holder = (hours: number, command = 'create-diff', isSeen = true): OwnFiles => ({
  ...own,
  holder: { command, sinceMs: nowMs - hours * hour, isSeen },
});

test('a fresh chain is good, and every check is there', () => {
  const result = judge(facts(chain));
  expect(result.checks.filter(({ status }) => status !== 'ok')).toEqual([
    { name: 'complete', status: 'skipped', text: 'not checked without --deep' },
  ]);
  expect(result).toMatchObject({ newest: diff, ageSeconds: 3600, chain: 2, dataBytes: 1000 });
  expect(result).toMatchObject({ host: 'ch-1a', exitCode: 0 });
});

describe('newest', () => {
  const stale = { nowMs: nowMs + 5 * hour };
  const states: [string, ListFacts, Check['status'], string][] = [
    ['is exactly as old as allowed', facts(chain, { nowMs: nowMs + 4 * hour }), 'ok', '5h old'],
    ['is older', facts(chain, stale), 'critical', `backup ${diff} is 6h old, more than 5h`],
    ['the list is empty', facts([]), 'critical', 'it may be down'],
    ['only other names', facts([row('mine')]), 'critical', 'no backup of chbackup can be restored'],
    [
      'only an increment without its base',
      facts([row(diff, { required: full })]),
      'critical',
      'no',
    ],
    [
      'only an increment on a broken base',
      facts([row(full, { state: 'broken' }), row(diff, { required: full })]),
      'critical',
      'no backup of chbackup can be restored',
    ],
    [
      'the newest is broken, the one before is recent',
      facts([row(full), row(diff, { state: 'broken' })], { nowMs: nowMs - 9 * hour }),
      'ok',
      `backup ${full} is 4h 30m old`,
    ],
    [
      'its name is in the future, the one before is recent',
      facts([...chain, row('FULL_CH_BK_2026-11-22_12-00-00')]),
      'warning',
      'is unknown, because its name is in the future',
    ],
    [
      'its name is in the future, the one before is old',
      facts([row(full), row('FULL_CH_BK_2026-11-22_12-00-00')]),
      'critical',
      `the one before, ${full}, is 13h 30m old`,
    ],
    [
      'its name is in the future and there is no other',
      facts([row('FULL_CH_BK_2026-11-22_12-00-00')]),
      'critical',
      'no other backup can be restored',
    ],
    [
      'its name is four minutes in the future',
      facts([row('FULL_CH_BK_2026-11-22_10-04-00')]),
      'ok',
      'is 0s old',
    ],
    [
      'the recorded time, not that of the name, counts',
      facts(chain, { recordedTimes: new Map([[diff, nowMs - 6 * hour]]) }),
      'critical',
      `${diff} is 6h old`,
    ],
  ];
  test.for(states)('%s', ([, given, status, text]) => {
    const found = checkOf('newest', given);
    expect(found.status).toBe(status);
    expect(found.text).toContain(text);
  });

  test.for([
    [
      'a create that began before',
      holder(-4),
      'warning',
      'create-diff began 1h ago and is running',
    ],
    ['a create that began long before', holder(0), 'critical', 'and is still running'],
    [
      'a create that is not seen',
      holder(-4, 'create-full', false),
      'critical',
      'was killed, or runs',
    ],
    ['a delete', holder(-4, 'delete-remote'), 'critical', 'is 6h old, more than 5h'],
    ['a create by another clock', holder(-6), 'critical', 'is 6h old, more than 5h'],
  ] as const)('it is old, but %s holds the lock', ([, files, status, text]) => {
    const found = checkOf('newest', facts(chain, { ...stale, own: files }));
    expect(found.status).toBe(status);
    expect(found.text).toContain(text);
  });

  test('a good one stays good while a create holds the lock', () => {
    expect(checkOf('newest', facts(chain, { own: holder(1) })).status).toBe('ok');
  });
});

test.for<[string, ListFacts, Check['status'], string]>([
  ['recent', facts(chain), 'ok', '13h 30m old'],
  ['old', facts(chain, { limits: { ...limits, maxFullAgeMs: 13 * hour } }), 'critical', 'than 13h'],
  ['of another name', facts([row('mine'), row(diff, { required: 'mine' })]), 'warning', 'unknown'],
  ['none', facts([]), 'skipped', 'no backup'],
])('full: %s', ([, given, status, text]) => {
  const found = checkOf('full', given);
  expect(found.status).toBe(status);
  expect(found.text).toContain(text);
});

test.for<[string, ListFacts, Check['status'], string]>([
  ['there', facts(chain), 'ok', `the last backup ${diff} is on the remote storage`],
  ['not there', facts([row(full)]), 'critical', 'so the next DIFF has no base'],
  ['broken', facts([row(full), row(diff, { state: 'broken' })]), 'critical', 'cannot be used'],
  ['without its base', facts([row(diff, { required: full })]), 'critical', 'cannot be used'],
  [
    'no file',
    facts(chain, { own: { ...own, lastBackup: { kind: 'none', reason: 'there is no file' } } }),
    'skipped',
    'not checked: there is no file',
  ],
  [
    'a file that cannot be read',
    facts(chain, {
      own: { ...own, lastBackup: { kind: 'none', reason: 'cannot read' }, problem: 'cannot read' },
    }),
    'warning',
    'not checked: cannot read',
  ],
])('last-backup: %s', ([, given, status, text]) => {
  const found = checkOf('last-backup', given);
  expect(found.status).toBe(status);
  expect(found.text).toContain(text);
});

test.for([
  [undefined, 'ok', 'the chain has 1 increment'],
  [1, 'ok', 'the chain has 1 increment'],
] as const)('chain: a limit of %s', ([maxChain, status, text]) => {
  const given = facts(chain, { limits: { ...limits, maxChain } });
  expect(checkOf('chain', given)).toEqual({ name: 'chain', status, text });
});

test('chain: more increments than allowed', () => {
  const longer = [...chain, row('DIFF_CH_BK_2026-11-22_09-30-00', { required: diff })];
  const found = checkOf('chain', facts(longer, { limits: { ...limits, maxChain: 1 } }));
  expect(found).toMatchObject({
    status: 'critical',
    text: 'the chain has 2 increments, more than 1',
  });
});

test.for<[string, readonly Backup[], Check['status'], string]>([
  ['half of the largest', [row(full, { sizeBytes: 2000 }), chain[1] ?? row(diff)], 'ok', '1000 B'],
  [
    'less than half',
    [row(full, { sizeBytes: 2001 }), chain[1] ?? row(diff)],
    'warning',
    'less than',
  ],
  [
    'less than half of one that is older than seven days',
    [row('FULL_CH_BK_2026-11-15_09-00-00', { sizeBytes: 9000 }), ...chain],
    'ok',
    '1000 B',
  ],
  [
    'less than half of a broken one',
    [row('FULL_CH_BK_2026-11-21_09-00-00', { sizeBytes: 9000, state: 'broken' }), ...chain],
    'ok',
    '1000 B',
  ],
])('size: %s', ([, rows, status, text]) => {
  const found = checkOf('size', facts(rows));
  expect(found.status).toBe(status);
  expect(found.text).toContain(text);
});

test('size: one that the server does not show', () => {
  const { sizeBytes: _, ...unsized } = row(full);
  expect(checkOf('size', facts([unsized])).status).toBe('skipped');
});

describe('broken', () => {
  const bad = row('DIFF_CH_BK_2026-11-22_08-00-00', { state: 'broken' });
  const rows = [...chain, bad];
  test.for<[string, ListFacts, readonly Backup[] | undefined, Check['status'], string]>([
    ['none', facts(chain), undefined, 'ok', 'no backup is broken'],
    ['one', facts(rows), undefined, 'warning', `1 backup is broken: ${bad.name}`],
    ['one in both lists', facts(rows), rows, 'warning', '1 backup is broken'],
    ['one in the second list only', facts(rows), chain, 'ok', 'no backup is broken'],
    ['another name', facts([...chain, row('mine', { state: 'broken' })]), undefined, 'ok', 'no'],
    [
      'one while the server works',
      facts(rows, { used: read(rows, { running: [{ command: 'upload X', start: '' }] }) }),
      undefined,
      'skipped',
      'ch-1a is running `upload X`',
    ],
    [
      'one while another replica may be uploading',
      facts(rows, { replicas: [read(rows), failed(new UnreachableError('ch-1b is dead'))] }),
      undefined,
      'skipped',
      'another replica, which could not be read, may be uploading',
    ],
  ])('%s', ([, given, before, status, text]) => {
    const found = checkOf('broken', given, before);
    expect(found.status).toBe(status);
    expect(found.text).toContain(text);
  });
});

describe('local', () => {
  const copies = (count: number) =>
    Array.from({ length: count }, (_, at) =>
      row(`FULL_CH_BK_2026-11-22_08-00-${String(at).padStart(2, '0')}`, { location: 'local' }),
    );
  test.for<[string, readonly Backup[], Check['status'], string]>([
    ['none', chain, 'ok', '0 copies on ch-1a'],
    ['twenty', [...chain, ...copies(20)], 'ok', '20 copies on ch-1a'],
    ['too many', [...chain, ...copies(21)], 'warning', 'ch-1a has 21 local copies, more than 20'],
    [
      'an old one that was not uploaded',
      [...chain, row('FULL_CH_BK_2026-11-21_09-00-00', { location: 'local' })],
      'warning',
      'ch-1a has 1 copy older than a day that is not on the remote storage: FULL_CH',
    ],
    [
      'an old one that was uploaded',
      [
        row('FULL_CH_BK_2026-11-20_09-00-00'),
        row('FULL_CH_BK_2026-11-20_09-00-00', { location: 'local' }),
      ],
      'ok',
      '1 copy on ch-1a',
    ],
    ['one of another name', [...chain, row('mine', { location: 'local' })], 'ok', '1 copy'],
  ])('%s', ([, rows, status, text]) => {
    const found = checkOf('local', facts(rows));
    expect(found.status).toBe(status);
    expect(found.text).toContain(text);
  });

  test('on another replica', () => {
    const other = read([...chain, ...copies(30)], { host: 'ch-1b' });
    const found = checkOf('local', facts(chain, { replicas: [read(chain), other] }));
    expect(found.text).toBe('ch-1b has 30 local copies, more than 20');
  });
});

test.for<[string, Partial<ListFacts>, Check['status'], string]>([
  ['one', {}, 'ok', 'the only replica answers'],
  ['two', { replicas: [read(chain), read(chain)] }, 'ok', '2 replicas answer and list the newest'],
  [
    'one that is dead',
    { replicas: [read(chain), failed(new UnreachableError('ch-1b is dead'))] },
    'warning',
    'ch-1b is dead',
  ],
  [
    'one that refuses the credentials',
    { replicas: [read(chain), failed(new UnauthorizedError('ch-1b rejected them'))] },
    'warning',
    'ch-1b rejected them',
  ],
  [
    'one that does not list the newest backup',
    { replicas: [read(chain), read([row(full)], { host: 'ch-1b' })] },
    'warning',
    `ch-1b does not list the newest backup ${diff}`,
  ],
  ['one path for two shards', { sharedPath: 'a and b share it' }, 'warning', 'a and b share it'],
])('replicas: %s', ([, more, status, text]) => {
  const found = checkOf('replicas', facts(chain, more));
  expect(found.status).toBe(status);
  expect(found.text).toContain(text);
});

describe('interrupted', () => {
  const journalOf = (startedAt: string): OwnFiles => ({
    ...own,
    journal: {
      kind: 'journal',
      journal: {
        ...{ kind: 'FULL', backup: full, base: undefined, phase: 'upload', replica: 'ch-1a' },
        ...{ startedAt, lastBackup: undefined, notReplicated: [] },
      },
    },
  });
  const old = journalOf('2026-11-21 09:00:00');
  test.for<[string, Partial<ListFacts>, Check['status'], string]>([
    ['no journal', {}, 'ok', 'no run was interrupted'],
    ['a recent journal', { own: journalOf('2026-11-22 09:00:00') }, 'ok', 'but began recently'],
    ['an old journal', { own: old }, 'warning', `began backup ${full} 1d 1h ago was interrupted`],
    ['a journal without a time', { own: journalOf('?') }, 'warning', `began backup ${full} was`],
    [
      'an old journal of a run that holds the lock',
      { own: { ...old, holder: { command: 'create-full', sinceMs: undefined, isSeen: true } } },
      'ok',
      'but began recently',
    ],
    ['a faulty journal', { own: { ...own, journal: { kind: 'unreadable' } } }, 'warning', 'parsed'],
    [
      'no files',
      { own: { ...own, exist: false } },
      'skipped',
      'not checked: the log directory has',
    ],
    ['unreadable files', { own: { ...own, problem: 'denied' } }, 'skipped', 'not checked: denied'],
    [
      'a server that runs watch',
      { replicas: [read(chain, { running: [{ command: 'watch --interval=1h', start: '' }] })] },
      'warning',
      'ch-1a is running `watch`',
    ],
  ])('%s', ([, more, status, text]) => {
    const found = checkOf('interrupted', facts(chain, more));
    expect(found.status).toBe(status);
    expect(found.text).toContain(text);
  });
});

test.for([
  ['five minutes', '10-05-00', 'ok', 'no name is in the future'],
  [
    'more',
    '10-05-01',
    'warning',
    '1 name is in the future (FULL_CH_BK_2026-11-22_10-05-01 by 5m 1s)',
  ],
] as const)('clock: %s', ([, time, status, text]) => {
  const found = checkOf('clock', facts([...chain, row(`FULL_CH_BK_2026-11-22_${time}`)]));
  expect(found.status).toBe(status);
  expect(found.text).toContain(text);
});

test('clock: a broken name in the future counts too', () => {
  const ahead = row('FULL_CH_BK_2026-11-23_00-00-00', { state: 'broken' });
  expect(checkOf('clock', facts([...chain, ahead])).status).toBe('warning');
});
