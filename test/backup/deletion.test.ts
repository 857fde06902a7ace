import { describe, expect, test } from 'vitest';
import type { Backup } from '../../src/backup/backup.js';
import {
  countKeptForBroken,
  type DeletionPlan,
  dropBasesOf,
  mergePlans,
  planDeletion,
} from '../../src/backup/deletion/plan.js';
import type { SelectionInput } from '../../src/backup/deletion/selection.js';
import { describeReason, describeRefusal } from '../../src/use-cases/delete/reason-text.js';
import { brokenRow, chainRows, foreignRow, localRow, remoteRow } from './rows.js';

const full = (date: number) => `FULL_CH_BK_2026-11-0${date}_10-00-00`;
const diff = (date: number) => `DIFF_CH_BK_2026-11-0${date}_10-00-00`;

function plan(
  backups: readonly Backup[],
  selection: SelectionInput['selection'],
  more: Partial<SelectionInput> = {},
): DeletionPlan {
  return planDeletion({
    location: 'remote',
    backups,
    selection,
    nowMs: new Date(2026, 10, 22).getTime(),
    lastBackups: [],
    ...more,
  });
}

const reasonOf = (deletion: DeletionPlan, name: string) =>
  reasonsOf(deletion)[deletion.items.findIndex((item) => item.backup.name === name)];

const reasonsOf = ({ items }: DeletionPlan) => items.map(({ reason }) => describeReason(reason));

/** Returns the names of the backups that must be kept, so that the plan is refused. */
const requiredOf = ({ refused }: DeletionPlan) =>
  refused?.kind === 'required' ? refused.kept.map(({ name }) => name) : undefined;

const week = chainRows(full(1), diff(2), diff(3));
const weeks = [...week, ...chainRows(full(5), diff(6))];

describe('bases', () => {
  test('keeps all bases of a kept increment and gives the reason', () => {
    const made = plan(week, { kind: 'keep', count: 1 });
    expect(made.order).toEqual([]);
    expect(reasonsOf(made)).toEqual([
      `${diff(2)} requires it`,
      `${diff(3)} requires it`,
      'the newest',
    ]);
  });

  test('deletes an entire old chain, increments before their bases', () => {
    expect(plan(weeks, { kind: 'keep', count: 2 }).order).toEqual([diff(3), diff(2), full(1)]);
    expect(plan(weeks.toReversed(), { kind: 'keep', count: 1 }).order).toEqual([
      diff(3),
      diff(2),
      full(1),
    ]);
  });

  test('keeps the backup named in a last-backup file and all its bases', () => {
    const made = plan(weeks, { kind: 'keep', count: 1 }, { lastBackups: [diff(2)] });
    expect(made.order).toEqual([diff(3)]);
    expect(reasonOf(made, full(1))).toBe(`${diff(2)} requires it`);
  });

  test('keeps the base of an increment whose name chbackup did not create', () => {
    const rows = [...weeks, remoteRow('mine', { required: full(1) })];
    expect(plan(rows, { kind: 'keep', count: 2 }).order).toEqual([diff(3), diff(2)]);
  });

  test('keeps a broken base that an increment requires', () => {
    const rows = [brokenRow(full(1)), remoteRow(diff(2), { required: full(1) })];
    const made = plan(rows, { kind: 'broken' }, { brokenTwice: new Set([full(1)]) });
    expect(made.order).toEqual([]);
    expect(reasonOf(made, full(1))).toBe(`${diff(2)} requires it`);
  });

  test('keeps both bases of a name that is listed with two', () => {
    const rows = [
      remoteRow(full(1)),
      remoteRow(full(2)),
      remoteRow('mine', { required: full(1) }),
      remoteRow('mine', { required: full(2) }),
      remoteRow(full(3)),
    ];
    expect(plan(rows, { kind: 'keep', count: 1 }).order).toEqual([]);
  });

  test('decides by the `required` of the local list when deleting local copies', () => {
    const remote = [...weeks, remoteRow(full(8))];
    const local = remote.map((row) => localRow(row.name));
    const more = { location: 'local', remote } as const;
    expect(plan(local, { kind: 'keep', count: 1 }, more).order).toEqual(
      [full(1), diff(2), diff(3), full(5), diff(6)].toReversed(),
    );
    const downloaded = [
      localRow(full(1)),
      localRow(diff(2)),
      localRow(diff(3), { required: diff(2) }),
    ];
    expect(plan(downloaded, { kind: 'keep', count: 1 }, more).order).toEqual([full(1)]);
  });

  test('ignores backups of the other location', () => {
    const rows = [remoteRow(full(1)), localRow(diff(2), { required: full(1) })];
    const made = plan(rows, { kind: 'all' });
    expect(made.order).toEqual([full(1)]);
    expect(made.items).toHaveLength(1);
  });
});

describe('--name', () => {
  test('deletes a base together with all increments that require it', () => {
    const made = plan(week, { kind: 'names', names: [full(1), diff(2), diff(3), diff(3)] });
    expect(made.refused).toBeUndefined();
    expect(made.order).toEqual([diff(3), diff(2), full(1)]);
  });

  test('refuses a required base and then deletes nothing at all', () => {
    const made = plan(weeks, { kind: 'names', names: [full(1), diff(6), diff(2)] });
    expect(made.refused).toEqual({
      kind: 'required',
      kept: [
        { name: full(1), reason: { kind: 'required', by: diff(2) } },
        { name: diff(2), reason: { kind: 'required', by: diff(3) } },
      ],
    });
    expect(made.refused && describeRefusal(made.refused, 'remote')).toBe(
      `${full(1)}: ${diff(2)} requires it; ${diff(2)}: ${diff(3)} requires it`,
    );
    expect(made.order).toEqual([]);
    expect(made.items.map((item) => item.action)).toEqual(Array(5).fill('keep'));
    expect(reasonOf(made, diff(6))).toBe('selected by name, but the selection is refused');
    expect(reasonOf(made, diff(2))).toBe(`${diff(3)} requires it`);
  });

  test('refuses names that do not exist', () => {
    const made = plan(week, { kind: 'names', names: ['gone', diff(3), 'gone', 'lost'] });
    expect(made.refused).toEqual({
      kind: 'not-found',
      names: ['gone', 'lost'],
    });
    expect(made.refused && describeRefusal(made.refused, 'remote')).toBe(
      'backups gone, lost are not on the remote storage',
    );
    expect(made.order).toEqual([]);
    expect(plan([], { kind: 'names', names: ['gone'] }).refused?.kind).toBe('not-found');
    expect(plan([localRow('A')], { kind: 'names', names: ['A'] }).refused?.kind).toBe('not-found');
  });

  test('deletes nothing without names', () => {
    expect(plan(week, { kind: 'names', names: [] })).toMatchObject({ order: [] });
  });

  test('deletes a cycle of backups only as a whole', () => {
    const rows = [remoteRow('A', { required: 'B' }), remoteRow('B', { required: 'A' })];
    expect(plan(rows, { kind: 'names', names: ['A', 'B'] }).order.toSorted()).toEqual(['A', 'B']);
    expect(plan(rows, { kind: 'names', names: ['A'] }).refused?.kind).toBe('required');
    expect(
      plan([remoteRow('A', { required: 'A' })], { kind: 'names', names: ['A'] }).order,
    ).toEqual(['A']);
  });
});

describe('a kept broken backup, whose base is unknown', () => {
  const rows = [
    remoteRow(full(1)),
    remoteRow(diff(2), { required: full(1) }),
    brokenRow(diff(4)),
    remoteRow(full(6)),
    remoteRow(full(7)),
  ];

  test('keeps every older backup, even one that nothing is based on', () => {
    const made = plan(rows, { kind: 'keep', count: 1 });
    expect(made.order).toEqual([full(6)]);
    expect(reasonOf(made, diff(2))).toBe(`${diff(4)} is broken and may require it`);
  });

  test('refuses an older backup by name unless the broken one is deleted too', () => {
    expect(plan(rows, { kind: 'names', names: [diff(2)] }).refused).toMatchObject({
      kind: 'required',
      kept: [{ name: diff(2) }],
    });
    expect(plan(rows, { kind: 'names', names: [full(6)] }).order).toEqual([full(6)]);
    expect(plan(rows, { kind: 'names', names: [diff(2), diff(4)] }).order).toEqual([
      diff(4),
      diff(2),
    ]);
    expect(plan(rows, { kind: 'names', names: [diff(4)] }).order).toEqual([diff(4)]);
  });

  test('keeps everything if either name contains no time', () => {
    const own = [brokenRow('mine'), remoteRow(full(1)), remoteRow(full(7))];
    expect(plan(own, { kind: 'keep', count: 1 }).order).toEqual([]);
    const old = [remoteRow('mine'), brokenRow(full(1)), remoteRow(full(7))];
    expect(plan(old, { kind: 'names', names: ['mine'] }).refused?.kind).toBe('required');
  });

  test('keeps backups up to 26 hours newer, to allow for clocks and time zones', () => {
    const at = (time: string) => remoteRow(`DIFF_CH_BK_2026-11-${time}-00`);
    const broken = brokenRow(diff(4));
    const made = plan([broken, at('05_12-00'), at('05_12-01'), at('09_00-00')], {
      kind: 'keep',
      count: 1,
    });
    expect(made.order).toEqual(['DIFF_CH_BK_2026-11-05_12-01-00']);
  });

  test('applies the time of the newest broken backup', () => {
    const more = [...rows, brokenRow(diff(3)), brokenRow(diff(7))];
    expect(plan(more, { kind: 'keep', count: 1 }).order).toEqual([]);
  });

  test('keeps the bases of the backups it may require', () => {
    const young = full(9);
    const odd = [remoteRow(young), remoteRow(diff(2), { required: young }), brokenRow(diff(4))];
    const made = plan(odd, { kind: 'names', names: [young, diff(2)] });
    expect(requiredOf(made)).toEqual([young, diff(2)]);
  });

  test('keeps what a kept broken base may require in turn', () => {
    const rowsOfThree = [
      remoteRow(full(1)),
      brokenRow(diff(4)),
      remoteRow(diff(5), { required: diff(4) }),
    ];
    const made = plan(rowsOfThree, { kind: 'names', names: [full(1), diff(4)] });
    expect(requiredOf(made)).toEqual([full(1), diff(4)]);
  });

  test('does not keep another broken backup or an old-format copy', () => {
    const brokenTwice = new Set([diff(2)]);
    const two = [brokenRow(diff(2)), brokenRow(diff(4))];
    expect(plan(two, { kind: 'broken' }, { brokenTwice }).order).toEqual([diff(2)]);
    const local = [
      localRow(full(1), { state: 'old-format' }),
      localRow(diff(4), { state: 'broken' }),
    ];
    expect(plan(local, { kind: 'names', names: [full(1)] }, { location: 'local' }).order).toEqual([
      full(1),
    ]);
  });

  test('does not keep anything because of a foreign entry', () => {
    const beside = [foreignRow('README.txt'), foreignRow('pg_dumps'), ...weeks];
    const made = plan(beside, { kind: 'keep', count: 1 });
    expect(made.order).toEqual([diff(3), diff(2), full(1)]);
    expect(countKeptForBroken(made)).toBe(0);
    expect(plan(beside, { kind: 'names', names: [diff(6)] }).order).toEqual([diff(6)]);
  });

  test('keeps a foreign entry that a backup requires', () => {
    const made = plan([foreignRow('mine'), remoteRow(diff(2), { required: 'mine' })], {
      kind: 'names',
      names: ['mine'],
    });
    expect(made.refused).toEqual({
      kind: 'required',
      kept: [{ name: 'mine', reason: { kind: 'required', by: diff(2) } }],
    });
  });

  test('keeps the base of a backup that was a foreign entry in the displayed plan', () => {
    const shown = plan([...weeks, foreignRow('mine')], { kind: 'keep', count: 1 });
    const fresh = plan([...weeks, remoteRow('mine', { required: diff(2) })], {
      kind: 'keep',
      count: 1,
    });
    expect(mergePlans(shown, fresh).order).toEqual([diff(3)]);
  });

  test('does not keep anything because of an old-format copy', () => {
    const local = [localRow(full(1)), localRow(diff(4), { state: 'old-format' })];
    expect(plan(local, { kind: 'names', names: [full(1)] }, { location: 'local' }).order).toEqual([
      full(1),
    ]);
  });

  test('--all deletes everything, broken backups first', () => {
    expect(plan(rows, { kind: 'all' }).order).toEqual([
      diff(4),
      full(7),
      full(6),
      diff(2),
      full(1),
    ]);
  });
});

describe('order', () => {
  test('newest first and names chbackup did not create last, but increments before their bases', () => {
    const rows = [
      remoteRow('mine', { required: full(7) }),
      remoteRow('older'),
      remoteRow(full(7)),
      remoteRow(diff(8), { required: full(1) }),
      remoteRow(full(1)),
      remoteRow(diff(2), { required: diff(8) }),
    ];
    expect(plan(rows, { kind: 'all' }).order).toEqual([
      diff(2),
      diff(8),
      'mine',
      full(7),
      full(1),
      'older',
    ]);
  });

  test('deletes a name that is listed twice only once', () => {
    const made = plan([remoteRow('A'), brokenRow('A')], { kind: 'all' });
    expect(made.order).toEqual(['A']);
    expect(made.items.map((item) => item.action)).toEqual(['delete', 'delete']);
  });
});

describe('mergePlans', () => {
  test('keeps a backup that was added later, and its base', () => {
    const shown = plan(week, { kind: 'all' });
    const fresh = plan([...week, remoteRow('new', { required: diff(2) })], { kind: 'all' });
    const merged = mergePlans(shown, fresh);
    expect(merged.order).toEqual([diff(3)]);
    expect(reasonOf(merged, 'new')).toBe('not in the plan that was shown');
    expect(reasonOf(merged, full(1))).toBe(`${diff(2)} requires it`);
  });

  test('does not delete a backup that has disappeared', () => {
    const merged = mergePlans(plan(weeks, { kind: 'all' }), plan(week, { kind: 'all' }));
    expect(merged.order).toEqual([diff(3), diff(2), full(1)]);
  });

  test('keeps what a new broken backup may require, except with --all', () => {
    const rows = [...weeks, brokenRow(diff(7))];
    expect(
      mergePlans(plan(weeks, { kind: 'keep', count: 2 }), plan(rows, { kind: 'keep', count: 2 }))
        .order,
    ).toEqual([]);
    const all = mergePlans(plan(weeks, { kind: 'all' }), plan(rows, { kind: 'all' }));
    expect(all.order).toHaveLength(5);
  });

  test('refuses if the second plan is refused', () => {
    const names = [diff(3)];
    const rows = [...week, remoteRow('new', { required: diff(3) })];
    const merged = mergePlans(
      plan(week, { kind: 'names', names }),
      plan(rows, { kind: 'names', names }),
    );
    expect(merged.order).toEqual([]);
    expect(merged.refused?.kind).toBe('required');
  });
});

describe('dropBasesOf', () => {
  test('keeps only the bases of a backup whose delete failed', () => {
    const made = plan(weeks, { kind: 'all' });
    expect(made.order).toEqual([diff(6), full(5), diff(3), diff(2), full(1)]);
    const left = dropBasesOf(made, [diff(6)], made.order.slice(1));
    expect(left).toEqual([diff(3), diff(2), full(1)]);
    expect(dropBasesOf(made, [diff(6), diff(3)], left.slice(1))).toEqual([]);
    expect(dropBasesOf(made, [], made.order)).toEqual(made.order);
    expect(dropBasesOf(made, [full(5)], made.order.slice(1))).toEqual(made.order.slice(2));
  });

  test('keeps what an undeleted broken backup may require, except with --all', () => {
    const rows = [remoteRow(full(1)), brokenRow(diff(3)), remoteRow(full(6))];
    const names = [full(1), diff(3), full(6)];
    expect(
      dropBasesOf(plan(rows, { kind: 'names', names }), [diff(3)], [full(6), full(1)]),
    ).toEqual([full(6)]);
    const all = plan(rows, { kind: 'all' });
    expect(dropBasesOf(all, [diff(3)], [full(6), full(1)])).toEqual([full(6), full(1)]);
  });
});

describe('an entry that looks foreign', () => {
  const rows = [...chainRows(full(1), diff(2)), foreignRow('monday'), remoteRow(full(5))];

  test('does not keep any base if both lists show it as foreign', () => {
    const seen = { foreignTwice: new Set(['monday']) };
    expect(plan(rows, { kind: 'keep', count: 1 }, seen).order).toEqual([diff(2), full(1)]);
  });

  test('counts as a broken backup with an unknown base if only one list shows it as foreign', () => {
    const once = plan(rows, { kind: 'keep', count: 1 }, { foreignTwice: new Set() });
    expect(once.order).toEqual([]);
    expect(countKeptForBroken(once)).toBe(2);
  });
});
