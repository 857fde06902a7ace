import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  backupName,
  createdMsOf,
  freeName,
  isDeletableName,
  isUsableName,
  parseBackupName,
  sortByAge,
} from '../../src/backup/names.js';
import { namesOf, remoteRow } from './rows.js';

describe('backupName', () => {
  test('uses the name format of clickhouse-backup-agent, in local time', () => {
    const date = new Date(2026, 10, 22, 17, 5, 9);
    expect(backupName('FULL', date)).toBe('FULL_CH_BK_2026-11-22_17-05-09');
    expect(backupName('DIFF', date)).toBe('DIFF_CH_BK_2026-11-22_17-05-09');
  });

  const days = fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true });
  propertyTest.prop([fc.constantFrom('FULL', 'DIFF'), days, fc.integer({ min: 1, max: 9999 })])(
    'returns a usable name that parseBackupName can parse',
    (kind, date, copy) => {
      date.setMilliseconds(0);
      const plain = backupName(kind, date);
      const name = copy === 1 ? plain : `${plain}_${copy}`;
      const parsed = parseBackupName(name);
      expect(parsed).toMatchObject({ kind, copy });
      // When clocks go back, one hour occurs twice and both give the same name: compare names.
      expect(backupName(kind, new Date(parsed?.atMs ?? NaN))).toBe(plain);
      expect(isUsableName(name)).toBe(true);
    },
  );
});

describe('freeName', () => {
  test.for([
    [[], 'N'],
    [['N'], 'N_2'],
    [['N', 'N_2', 'N_4'], 'N_3'],
    [['N_2'], 'N'],
  ] as const)('with %j in use, returns %s', ([taken, wanted]) => {
    expect(freeName('N', (name) => (taken as readonly string[]).includes(name))).toBe(wanted);
  });
});

describe('parseBackupName', () => {
  test('parses kind, local time and copy number', () => {
    expect(parseBackupName('DIFF_CH_BK_2024-02-29_23-59-59_12')).toEqual({
      kind: 'DIFF',
      atMs: new Date(2024, 1, 29, 23, 59, 59).getTime(),
      copy: 12,
    });
    expect(parseBackupName('FULL_CH_BK_2026-11-22_00-00-00')?.copy).toBe(1);
  });

  test('does not read the year 0001 as 1901', () => {
    const atMs = parseBackupName('FULL_CH_BK_0001-01-01_00-00-00')?.atMs ?? NaN;
    expect(new Date(atMs).getFullYear()).toBe(1);
  });

  test.for([
    'FULL_CH_BK_2026-02-31_10-00-00',
    'FULL_CH_BK_2025-02-29_10-00-00',
    'FULL_CH_BK_2026-00-10_10-00-00',
    'FULL_CH_BK_2026-13-10_10-00-00',
    'FULL_CH_BK_2026-11-00_10-00-00',
    'FULL_CH_BK_2026-11-22_24-00-00',
    'FULL_CH_BK_2026-11-22_10-60-00',
    'FULL_CH_BK_2026-11-22_10-00-60',
    'FULL_CH_BK_2026-11-22_10-00-00_1',
    'FULL_CH_BK_2026-11-22_10-00-00_02',
    'FULL_CH_BK_2026-11-22_10-00-00_',
    'FULL_CH_BK_2026-11-22_10-00-00_99999999999999999999',
    'FULL_CH_BK_2026-11-22_10-00-00\n',
    ' FULL_CH_BK_2026-11-22_10-00-00',
    'full_CH_BK_2026-11-22_10-00-00',
    'INCR_CH_BK_2026-11-22_10-00-00',
    'FULL_CH_BK_2026-11-22T10-00-00',
    'FULL_CH_BK_٢٠٢٦-11-22_10-00-00',
    '2026-11-22T10-00-00',
    '',
  ])('returns undefined for %j', (name) => {
    expect(parseBackupName(name)).toBeUndefined();
  });
});

describe('sortByAge', () => {
  test('sorts by time, then copy number, then list order; names chbackup did not create come first', () => {
    const second = 'FULL_CH_BK_2026-11-22_10-00-00';
    const sorted = sortByAge([
      remoteRow(`${second}_10`),
      remoteRow(`${second}_2`),
      remoteRow('mine'),
      remoteRow('DIFF_CH_BK_2026-11-22_10-00-00'),
      remoteRow(second),
      remoteRow('DIFF_CH_BK_2026-11-21_10-00-00', { created: '0001-01-01 00:00:00' }),
      remoteRow('also mine'),
    ]);
    expect(namesOf(sorted)).toEqual([
      'mine',
      'also mine',
      'DIFF_CH_BK_2026-11-21_10-00-00',
      'DIFF_CH_BK_2026-11-22_10-00-00',
      second,
      `${second}_2`,
      `${second}_10`,
    ]);
  });
});

test('sortByAge sorts by the recorded times when a clock change has repeated an hour', () => {
  const before = 'FULL_CH_BK_2026-10-25_02-45-00';
  const after = 'DIFF_CH_BK_2026-10-25_02-15-00';
  const again = 'FULL_CH_BK_2026-10-25_02-45-00_2';
  const recorded = new Map([
    [before, new Date(2026, 9, 25, 2, 45).getTime()],
    [after, new Date(2026, 9, 25, 3, 15).getTime()],
    [again, new Date(2026, 9, 25, 3, 45).getTime()],
  ]);
  const rows = [again, after, before].map((name) => remoteRow(name));
  expect(namesOf(sortByAge(rows))).toEqual([after, before, again]);
  expect(namesOf(sortByAge(rows, recorded))).toEqual([before, after, again]);
});

describe('createdMsOf', () => {
  const name = 'FULL_CH_BK_2026-11-22_10-00-00';
  const inName = new Date(2026, 10, 22, 10).getTime();
  const hour = 3_600_000;

  test.for([
    ['the recorded time', inName - 9 * hour, inName - 9 * hour],
    ['the recorded time of the zone furthest away', inName + 26 * hour, inName + 26 * hour],
    ['the time in the name, not one that is no time zone away', inName - 27 * hour, inName],
    ['the time in the name, not 1970', 1000, inName],
  ] as const)('returns %s', ([, recorded, expected]) => {
    expect(createdMsOf(name, new Map([[name, recorded]]))).toBe(expected);
  });

  test('returns the time in the name if none is recorded, and nothing for other names', () => {
    expect(createdMsOf(name, new Map([['x', 1]]))).toBe(inName);
    expect(createdMsOf('x', new Map([['x', inName]]))).toBeUndefined();
  });
});

describe('isDeletableName', () => {
  test.for(['a', '.hidden', '-f', '.x', 'a\u00a0b', 'a\u200bb', 'x'.repeat(300)])(
    'accepts %j',
    (name) => {
      expect(isDeletableName(name)).toBe(true);
    },
  );

  test.for(['', '.', '..', 'a..b', 'a b', 'a\tb', 'a\nb', 'a/b', 'a\\b', 'a\u0000', 'a\ud83d'])(
    'rejects %j',
    (name) => {
      expect(isDeletableName(name)).toBe(false);
    },
  );

  // clickhouse-backup-api.md#changed-names
  propertyTest.prop([fc.string({ unit: 'binary', maxLength: 12 })])(
    'accepts only names that neither the server nor a URL changes',
    (name) => {
      fc.pre(isDeletableName(name));
      expect(name.replaceAll(/[\t\r\n ]+|\.{2,}|[\\/]+/g, '')).toBe(name);
      const { pathname } = new URL(`http://h/delete/${encodeURIComponent(name)}`);
      expect(decodeURIComponent(pathname)).toBe(`/delete/${name}`);
    },
  );
});

describe('isUsableName', () => {
  test.for([
    'FULL_CH_BK_2026-11-22_10-00-00',
    'a',
    'до_миграции',
    'バックアップ',
    '2026-11-22T10-00-00',
    'a.b',
    'a-.b',
    "it's%41?#&+",
    'x'.repeat(255),
    '💾',
  ])('accepts %j', (name) => {
    expect(isUsableName(name)).toBe(true);
  });

  test.for([
    '',
    'x'.repeat(256),
    'a b',
    ' a',
    'a\n',
    'a\r',
    'a\tb',
    'a\u00a0b',
    'a\u3000b',
    'a\u2028b',
    'a\u0000',
    'a\u001b[31m',
    'a\u007f',
    'a\u0085',
    '\ufeffa',
    'a\u200bb',
    'a\u202eb',
    'a\ud83d',
    'a/b',
    'a\\b',
    'a..b',
    '..',
    '.',
    '.hidden',
    '-f',
    '--force',
  ])('rejects %j', (name) => {
    expect(isUsableName(name)).toBe(false);
  });

  // clickhouse-backup-api.md#changed-names
  propertyTest.prop([fc.string({ unit: 'binary', maxLength: 12 })])(
    'rejects names from which the server removes characters',
    (name) => {
      const cleaned = name
        .replaceAll(/[\t\r\n ]+/g, '')
        .replaceAll(/\.{2,}/g, '')
        .replaceAll(/[\\/]+/g, '');
      if (cleaned !== name) expect(isUsableName(name)).toBe(false);
    },
  );
});
