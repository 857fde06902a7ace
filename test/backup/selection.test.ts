import { describe, expect, test } from 'vitest';
import type { Backup } from '../../src/backup/backup.js';
import { makeSelector, type SelectionInput } from '../../src/backup/deletion/selection.js';
import { describeReason } from '../../src/use-cases/delete/reason-text.js';
import { brokenRow, foreignRow, localRow, remoteRow } from './rows.js';

const day = (date: number, kind = 'FULL', copy = '') =>
  `${kind}_CH_BK_2026-11-${String(date).padStart(2, '0')}_10-00-00${copy}`;
const dayMs = 86_400_000;

/** Returns for each backup `delete`, or the reason why it is kept. */
function judge(
  backups: Backup[],
  selection: SelectionInput['selection'],
  more: Partial<SelectionInput> = {},
) {
  const select = makeSelector({
    location: backups[0]?.location ?? 'remote',
    backups,
    selection,
    nowMs: new Date(2026, 10, 22, 10, 0, 0).getTime(),
    lastBackups: [],
    ...more,
  });
  return backups.map((backup) => {
    const { action, reason } = select(backup);
    return action === 'delete' ? 'delete' : describeReason(reason);
  });
}

describe('--keep', () => {
  test('sorts by the time in the name, not by `created` or list order', () => {
    const rows = [
      remoteRow(day(3), { created: '0001-01-01 00:00:00' }),
      remoteRow(day(1), { created: '2030-01-01 00:00:00' }),
      remoteRow(day(2)),
    ];
    expect(judge(rows, { kind: 'keep', count: 2 })).toEqual([
      'one of the 2 newest',
      'delete',
      'one of the 2 newest',
    ]);
    expect(judge(rows, { kind: 'keep', count: 1 })).toEqual(['the newest', 'delete', 'delete']);
    expect(judge(rows, { kind: 'keep', count: 3 })).not.toContain('delete');
    expect(judge(rows, { kind: 'keep', count: 99 })).not.toContain('delete');
  });

  test('sorts by the recorded times, whatever the names say', () => {
    const [first, second] = [day(1), day(2)];
    const hour = 3_600_000;
    const atMs = new Date(2026, 10, 2).getTime();
    const recordedTimes = new Map([
      [first, atMs + hour],
      [second, atMs],
    ]);
    const rows = [remoteRow(first), remoteRow(second)];
    const judged = judge(rows, { kind: 'keep', count: 1 }, { recordedTimes });
    expect(judged).toEqual(['the newest', 'delete']);
  });

  test('sorts equal times by copy number, then by list order', () => {
    const rows = [remoteRow(day(1, 'FULL', '_2')), remoteRow(day(1, 'DIFF')), remoteRow(day(1))];
    expect(judge(rows, { kind: 'keep', count: 1 })).toEqual(['the newest', 'delete', 'delete']);
    expect(judge(rows, { kind: 'keep', count: 2 })).toEqual([
      'one of the 2 newest',
      'delete',
      'one of the 2 newest',
    ]);
  });

  test('does not count names chbackup did not create, broken backups and orphans', () => {
    const rows = [
      remoteRow(day(1)),
      remoteRow(day(2)),
      remoteRow(day(3, 'DIFF'), { required: 'gone' }),
      remoteRow('mine'),
      brokenRow(day(4)),
      remoteRow(day(5, 'DIFF'), { required: day(4) }),
    ];
    expect(judge(rows, { kind: 'keep', count: 1 })).toEqual([
      'delete',
      'the newest',
      'newer than the oldest backup that is kept',
      'not created by chbackup',
      'broken: only --broken, --name or --all deletes it',
      'newer than the oldest backup that is kept',
    ]);
  });

  test('deletes an older orphan', () => {
    const rows = [remoteRow(day(1, 'DIFF'), { required: 'gone' }), remoteRow(day(2))];
    expect(judge(rows, { kind: 'keep', count: 1 })).toEqual(['delete', 'the newest']);
  });

  test('counts a local increment whose base is not local', () => {
    const rows = [localRow(day(1)), localRow(day(2, 'DIFF'), { required: 'gone' })];
    const remote = [remoteRow(day(1))];
    expect(judge(rows, { kind: 'keep', count: 1 }, { remote })).toEqual(['delete', 'the newest']);
  });

  test('does not count a local copy that is not ok', () => {
    const bad = [localRow(day(2), { state: 'broken' }), localRow(day(3), { state: 'old-format' })];
    const rows = [localRow(day(1)), ...bad];
    const remote = [1, 2, 3].map((date) => remoteRow(day(date)));
    expect(judge(rows, { kind: 'keep', count: 1 }, { remote })[0]).toBe('the newest');
  });

  test('counts a name that is listed twice once', () => {
    const rows = [remoteRow(day(1)), remoteRow(day(2)), remoteRow(day(2))];
    expect(judge(rows, { kind: 'keep', count: 2 })).not.toContain('delete');
  });

  test.for([0, -1, 1.5, NaN, Infinity])('refuses %d', (count) => {
    expect(() => judge([], { kind: 'keep', count })).toThrow(RangeError);
  });
});

describe('--older-than', () => {
  test('takes the age from the recorded time, or else from the name', () => {
    const recordedTimes = new Map([[day(2), new Date(2026, 10, 2, 19).getTime()]]);
    const rows = [remoteRow(day(2)), remoteRow(day(2, 'DIFF'))];
    const judged = judge(rows, { kind: 'older-than', ms: 19.8 * dayMs }, { recordedTimes });
    expect(judged).toEqual(['only 19d 15h old', 'delete']);
  });

  test('uses the time in the name and keeps backups of exactly that age or from the future', () => {
    const rows = [remoteRow(day(14)), remoteRow(day(15)), remoteRow(day(16)), remoteRow(day(30))];
    expect(judge(rows, { kind: 'older-than', ms: 7 * dayMs })).toEqual([
      'delete',
      'only 7d old',
      'only 6d old',
      'dated in the future',
    ]);
  });

  test('deletes nothing if the current time is unknown', () => {
    expect(judge([remoteRow(day(1))], { kind: 'older-than', ms: 1 }, { nowMs: NaN })).not.toContain(
      'delete',
    );
  });

  test.for([0, -1, NaN])('refuses %d', (ms) => {
    expect(() => judge([], { kind: 'older-than', ms })).toThrow(RangeError);
  });
});

describe.for([
  { kind: 'keep', count: 1 },
  { kind: 'older-than', ms: 2 * dayMs },
] as const)('by age, %j', (selection) => {
  test('keeps names chbackup did not create and backups that are not ok', () => {
    const rows = [
      localRow('mine'),
      localRow('FULL_CH_BK_2026-02-31_10-00-00'),
      localRow(day(1), { state: 'broken' }),
      localRow(day(2), { state: 'old-format' }),
      localRow(day(3)),
      localRow(day(22)),
    ];
    const remote = [remoteRow(day(3))];
    expect(judge(rows, selection, { remote }).slice(0, 5)).toEqual([
      'not created by chbackup',
      'not created by chbackup',
      'broken: only --broken, --name or --all deletes it',
      'old-format: only --name or --all deletes it',
      'delete',
    ]);
  });

  test('keeps backups named in a last-backup file of any host', () => {
    const rows = [remoteRow(day(1)), remoteRow(day(2)), remoteRow(day(3)), remoteRow(day(22))];
    const text = 'the last backup of a host';
    const verdicts = judge(rows, selection, { lastBackups: [day(1), day(3), 'gone'] });
    expect(verdicts.slice(0, 3)).toEqual([text, 'delete', text]);
  });

  test('keeps local copies that are not verified on the remote storage', () => {
    const rows = [1, 2, 3, 4, 22].map((date) => localRow(day(date)));
    const remote = [
      remoteRow(day(1)),
      brokenRow(day(2)),
      remoteRow(day(3), { required: 'gone' }),
      localRow(day(4)),
    ];
    const text = 'not on the remote storage yet';
    expect(judge(rows, selection, { remote }).slice(0, 4)).toEqual(['delete', text, text, text]);
    expect(judge(rows, selection).slice(0, 4)).toEqual(
      Array(4).fill('the remote list could not be read'),
    );
  });
});

describe('other selections', () => {
  const rows = [remoteRow('mine'), remoteRow(day(1)), brokenRow(day(2)), brokenRow(day(3))];

  test('--broken deletes what was broken in both lists', () => {
    const once = 'broken in only one of two lists, so it may be an upload in progress';
    const brokenTwice = new Set([day(2), day(1), 'gone']);
    expect(judge(rows, { kind: 'broken' }, { brokenTwice })).toEqual([
      'not broken',
      'not broken',
      'delete',
      once,
    ]);
    expect(judge(rows, { kind: 'broken' })).not.toContain('delete');
  });

  test('--broken deletes both entries of a name if one of them is broken', () => {
    const twice = [remoteRow('A'), brokenRow('A')];
    const brokenTwice = new Set(['A']);
    expect(judge(twice, { kind: 'broken' }, { brokenTwice })).toEqual(['delete', 'delete']);
  });

  test('--name deletes only the backups with these names', () => {
    expect(judge(rows, { kind: 'names', names: ['mine', day(3)] })).toEqual([
      'delete',
      'not selected',
      'not selected',
      'delete',
    ]);
  });

  test('--all deletes even backups named in a last-backup file, but no entry without a name', () => {
    expect(judge(rows, { kind: 'all' }, { lastBackups: [day(1)] })).toEqual(
      Array(4).fill('delete'),
    );
    expect(judge([remoteRow('')], { kind: 'all' })).toEqual(['the entry has no name']);
    expect(judge([remoteRow('')], { kind: 'names', names: [''] })).toEqual([
      'the entry has no name',
    ]);
  });
});

describe('foreign entries', () => {
  const rows = [
    foreignRow('pg_dumps'),
    remoteRow(day(1)),
    remoteRow(day(2)),
    foreignRow('2026-11-22T10-00-00'),
  ];
  const kept = 'not a backup: only --name deletes it';

  test.for([
    { selection: { kind: 'keep', count: 1 }, others: ['delete', 'the newest'] },
    { selection: { kind: 'older-than', ms: dayMs }, others: ['delete', 'delete'] },
    { selection: { kind: 'all' }, others: ['delete', 'delete'] },
    { selection: { kind: 'broken' }, others: ['not broken', 'not broken'] },
  ] as const)('are kept by $selection', ({ selection, others }) => {
    const brokenTwice = new Set(['pg_dumps']);
    expect(judge(rows, selection, { brokenTwice })).toEqual([kept, ...others, kept]);
  });

  test('are deleted by --name', () => {
    expect(judge(rows, { kind: 'names', names: ['pg_dumps'] })).toEqual([
      'delete',
      ...Array(3).fill('not selected'),
    ]);
  });

  test('do not include a name that is also listed as a backup', () => {
    const twice = [foreignRow('mine'), remoteRow('mine')];
    expect(judge(twice, { kind: 'all' })).toEqual(['delete', 'delete']);
  });
});

test('never selects a name that the server would change', () => {
  const name = 'FULL_CH_BK_2026-11-01_10-00-00 (copy)';
  const selections = [
    { kind: 'all' as const },
    { kind: 'names' as const, names: [name] },
    { kind: 'broken' as const },
  ];
  for (const selection of selections) {
    expect(judge([brokenRow(name)], selection, { brokenTwice: new Set([name]) })).toEqual([
      'clickhouse-backup cannot delete an entry with this name',
    ]);
  }
});
