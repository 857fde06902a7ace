import { describe, expect, test } from 'vitest';
import type { Backup } from '../../src/backup/backup.js';
import {
  countHeldByBroken,
  type DeletionPlan,
  dropBasesOf,
  mergePlans,
  planDeletion,
} from '../../src/backup/deletion/plan.js';
import type { SelectionInput } from '../../src/backup/deletion/selection.js';
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

const reasonOf = (made: DeletionPlan, name: string) =>
  made.items.find((item) => item.backup.name === name)?.reason;

const week = chainRows(full(1), diff(2), diff(3));
const weeks = [...week, ...chainRows(full(5), diff(6))];

describe('bases', () => {
  test('of what is kept are kept, down to the full, and say so', () => {
    const made = plan(week, { keep: 1 });
    expect(made.order).toEqual([]);
    expect(made.items.map((item) => item.reason)).toEqual([
      `${diff(2)} requires it`,
      `${diff(3)} requires it`,
      'the newest',
    ]);
  });

  test('a whole old chain goes, dependents first', () => {
    expect(plan(weeks, { keep: 2 }).order).toEqual([diff(3), diff(2), full(1)]);
    expect(plan(weeks.toReversed(), { keep: 1 }).order).toEqual([diff(3), diff(2), full(1)]);
  });

  test('what a last-backup file names stays with all it requires', () => {
    const made = plan(weeks, { keep: 1 }, { lastBackups: [diff(2)] });
    expect(made.order).toEqual([diff(3)]);
    expect(reasonOf(made, full(1))).toBe(`${diff(2)} requires it`);
  });

  test('people’s own increments hold their base too', () => {
    const rows = [...weeks, remoteRow('mine', { required: full(1) })];
    expect(plan(rows, { keep: 2 }).order).toEqual([diff(3), diff(2)]);
  });

  test('broken ones stay while a sound increment requires them', () => {
    const rows = [brokenRow(full(1)), remoteRow(diff(2), { required: full(1) })];
    const made = plan(rows, { broken: true }, { brokenTwice: new Set([full(1)]) });
    expect(made.order).toEqual([]);
    expect(reasonOf(made, full(1))).toBe(`${diff(2)} requires it`);
  });

  test('both bases of a name that is listed with two', () => {
    const rows = [
      remoteRow(full(1)),
      remoteRow(full(2)),
      remoteRow('mine', { required: full(1) }),
      remoteRow('mine', { required: full(2) }),
      remoteRow(full(3)),
    ];
    expect(plan(rows, { keep: 1 }).order).toEqual([]);
  });

  test('locally only the local `required` counts', () => {
    const remote = [...weeks, remoteRow(full(8))];
    const local = remote.map((row) => localRow(row.name));
    const more = { location: 'local', remote } as const;
    expect(plan(local, { keep: 1 }, more).order).toEqual(
      [full(1), diff(2), diff(3), full(5), diff(6)].toReversed(),
    );
    const downloaded = [
      localRow(full(1)),
      localRow(diff(2)),
      localRow(diff(3), { required: diff(2) }),
    ];
    expect(plan(downloaded, { keep: 1 }, more).order).toEqual([full(1)]);
  });

  test('rows of the other location do not count', () => {
    const rows = [remoteRow(full(1)), localRow(diff(2), { required: full(1) })];
    const made = plan(rows, { all: true });
    expect(made.order).toEqual([full(1)]);
    expect(made.items).toHaveLength(1);
  });
});

describe('--name', () => {
  test('takes a base together with all that requires it', () => {
    const made = plan(week, { names: [full(1), diff(2), diff(3), diff(3)] });
    expect(made.refused).toBeUndefined();
    expect(made.order).toEqual([diff(3), diff(2), full(1)]);
  });

  test('refuses a base that is needed, and deletes nothing else either', () => {
    const made = plan(weeks, { names: [full(1), diff(6), diff(2)] });
    expect(made.refused).toEqual({
      kind: 'required',
      names: [full(1), diff(2)],
      reason: `${full(1)}: ${diff(2)} requires it; ${diff(2)}: ${diff(3)} requires it`,
    });
    expect(made.order).toEqual([]);
    expect(made.items.map((item) => item.action)).toEqual(Array(5).fill('keep'));
    expect(reasonOf(made, diff(6))).toBe('asked for by name, but nothing is deleted');
    expect(reasonOf(made, diff(2))).toBe(`${diff(3)} requires it`);
  });

  test('refuses names that are not there', () => {
    const made = plan(week, { names: ['gone', diff(3), 'gone', 'lost'] });
    expect(made.refused).toEqual({
      kind: 'not-found',
      names: ['gone', 'lost'],
      reason: 'gone, lost: no such backup on the remote storage',
    });
    expect(made.order).toEqual([]);
    expect(plan([], { names: ['gone'] }).refused?.kind).toBe('not-found');
    expect(plan([localRow('A')], { names: ['A'] }).refused?.kind).toBe('not-found');
  });

  test('no names, nothing deleted', () => {
    expect(plan(week, { names: [] })).toMatchObject({ order: [] });
  });

  test('a circle goes as a whole, or not at all', () => {
    const rows = [remoteRow('A', { required: 'B' }), remoteRow('B', { required: 'A' })];
    expect(plan(rows, { names: ['A', 'B'] }).order.toSorted()).toEqual(['A', 'B']);
    expect(plan(rows, { names: ['A'] }).refused?.kind).toBe('required');
    expect(plan([remoteRow('A', { required: 'A' })], { names: ['A'] }).order).toEqual(['A']);
  });
});

describe('a broken row that stays may require anything older', () => {
  const rows = [
    remoteRow(full(1)),
    remoteRow(diff(2), { required: full(1) }),
    brokenRow(diff(4)),
    remoteRow(full(6)),
    remoteRow(full(7)),
  ];

  test('so what is older stays, a leaf too', () => {
    const made = plan(rows, { keep: 1 });
    expect(made.order).toEqual([full(6)]);
    expect(reasonOf(made, diff(2))).toBe(`${diff(4)} is broken and may require it`);
  });

  test('by name it is refused, unless the broken one goes with it', () => {
    expect(plan(rows, { names: [diff(2)] }).refused).toMatchObject({
      kind: 'required',
      names: [diff(2)],
    });
    expect(plan(rows, { names: [full(6)] }).order).toEqual([full(6)]);
    expect(plan(rows, { names: [diff(2), diff(4)] }).order).toEqual([diff(4), diff(2)]);
    expect(plan(rows, { names: [diff(4)] }).order).toEqual([diff(4)]);
  });

  test('with a time that cannot be read, anything at all', () => {
    const own = [brokenRow('mine'), remoteRow(full(1)), remoteRow(full(7))];
    expect(plan(own, { keep: 1 }).order).toEqual([]);
    const old = [remoteRow('mine'), brokenRow(full(1)), remoteRow(full(7))];
    expect(plan(old, { names: ['mine'] }).refused?.kind).toBe('required');
  });

  test('“older” allows for clocks and zones: 26 hours', () => {
    const at = (time: string) => remoteRow(`DIFF_CH_BK_2026-11-${time}-00`);
    const broken = brokenRow(diff(4));
    const made = plan([broken, at('05_12-00'), at('05_12-01'), at('09_00-00')], { keep: 1 });
    expect(made.order).toEqual(['DIFF_CH_BK_2026-11-05_12-01-00']);
  });

  test('the newest of several broken ones decides', () => {
    const more = [...rows, brokenRow(diff(3)), brokenRow(diff(7))];
    expect(plan(more, { keep: 1 }).order).toEqual([]);
  });

  test('what it may require keeps what that requires', () => {
    const young = full(9);
    const odd = [remoteRow(young), remoteRow(diff(2), { required: young }), brokenRow(diff(4))];
    const made = plan(odd, { names: [young, diff(2)] });
    expect(made.refused?.names).toEqual([young, diff(2)]);
  });

  test('a broken base that is spared hides bases in turn', () => {
    const rowsOfThree = [
      remoteRow(full(1)),
      brokenRow(diff(4)),
      remoteRow(diff(5), { required: diff(4) }),
    ];
    const made = plan(rowsOfThree, { names: [full(1), diff(4)] });
    expect(made.refused?.names).toEqual([full(1), diff(4)]);
  });

  test('but never another broken one, nor an old-format copy', () => {
    const brokenTwice = new Set([diff(2)]);
    const two = [brokenRow(diff(2)), brokenRow(diff(4))];
    expect(plan(two, { broken: true }, { brokenTwice }).order).toEqual([diff(2)]);
    const local = [
      localRow(full(1), { state: 'old-format' }),
      localRow(diff(4), { state: 'broken' }),
    ];
    expect(plan(local, { names: [full(1)] }, { location: 'local' }).order).toEqual([full(1)]);
  });

  test('a foreign entry that stays holds nothing', () => {
    const beside = [foreignRow('README.txt'), foreignRow('pg_dumps'), ...weeks];
    const made = plan(beside, { keep: 1 });
    expect(made.order).toEqual([diff(3), diff(2), full(1)]);
    expect(countHeldByBroken(made)).toBe(0);
    expect(plan(beside, { names: [diff(6)] }).order).toEqual([diff(6)]);
  });

  test('a foreign entry that a sound backup requires stays', () => {
    const made = plan([foreignRow('mine'), remoteRow(diff(2), { required: 'mine' })], {
      names: ['mine'],
    });
    expect(made.refused?.reason).toBe(`mine: ${diff(2)} requires it`);
  });

  test('one that was foreign in the plan shown and is a backup now holds its base', () => {
    const shown = plan([...weeks, foreignRow('mine')], { keep: 1 });
    const fresh = plan([...weeks, remoteRow('mine', { required: diff(2) })], { keep: 1 });
    expect(mergePlans(shown, fresh).order).toEqual([diff(3)]);
  });

  test('an old-format copy that stays holds nothing', () => {
    const local = [localRow(full(1)), localRow(diff(4), { state: 'old-format' })];
    expect(plan(local, { names: [full(1)] }, { location: 'local' }).order).toEqual([full(1)]);
  });

  test('--all takes everything, the broken ones first', () => {
    expect(plan(rows, { all: true }).order).toEqual([diff(4), full(7), full(6), diff(2), full(1)]);
  });
});

describe('order', () => {
  test('newest first, own names last, but a dependent always before its base', () => {
    const rows = [
      remoteRow('mine', { required: full(7) }),
      remoteRow('older'),
      remoteRow(full(7)),
      remoteRow(diff(8), { required: full(1) }),
      remoteRow(full(1)),
      remoteRow(diff(2), { required: diff(8) }),
    ];
    expect(plan(rows, { all: true }).order).toEqual([
      diff(2),
      diff(8),
      'mine',
      full(7),
      full(1),
      'older',
    ]);
  });

  test('a name that is listed twice is deleted once', () => {
    const made = plan([remoteRow('A'), brokenRow('A')], { all: true });
    expect(made.order).toEqual(['A']);
    expect(made.items.map((item) => item.action)).toEqual(['delete', 'delete']);
  });
});

describe('mergePlans', () => {
  test('what is new since is not deleted, and keeps its base', () => {
    const shown = plan(week, { all: true });
    const fresh = plan([...week, remoteRow('new', { required: diff(2) })], { all: true });
    const merged = mergePlans(shown, fresh);
    expect(merged.order).toEqual([diff(3)]);
    expect(reasonOf(merged, 'new')).toBe('not in the plan that was shown');
    expect(reasonOf(merged, full(1))).toBe(`${diff(2)} requires it`);
  });

  test('what is gone since is not deleted', () => {
    const merged = mergePlans(plan(weeks, { all: true }), plan(week, { all: true }));
    expect(merged.order).toEqual([diff(3), diff(2), full(1)]);
  });

  test('a new broken row keeps what it may require, except from --all', () => {
    const rows = [...weeks, brokenRow(diff(7))];
    expect(mergePlans(plan(weeks, { keep: 2 }), plan(rows, { keep: 2 })).order).toEqual([]);
    const all = mergePlans(plan(weeks, { all: true }), plan(rows, { all: true }));
    expect(all.order).toHaveLength(5);
  });

  test('a refusal under the lock stays one', () => {
    const names = [diff(3)];
    const rows = [...week, remoteRow('new', { required: diff(3) })];
    const merged = mergePlans(plan(week, { names }), plan(rows, { names }));
    expect(merged.order).toEqual([]);
    expect(merged.refused?.kind).toBe('required');
  });
});

describe('dropBasesOf', () => {
  test('a failed delete keeps what it stands on, and nothing else', () => {
    const made = plan(weeks, { all: true });
    expect(made.order).toEqual([diff(6), full(5), diff(3), diff(2), full(1)]);
    const left = dropBasesOf(made, [diff(6)], made.order.slice(1));
    expect(left).toEqual([diff(3), diff(2), full(1)]);
    expect(dropBasesOf(made, [diff(6), diff(3)], left.slice(1))).toEqual([]);
    expect(dropBasesOf(made, [], made.order)).toEqual(made.order);
    expect(dropBasesOf(made, [full(5)], made.order.slice(1))).toEqual(made.order.slice(2));
  });

  test('a broken one that could not be deleted keeps what it may require, except from --all', () => {
    const rows = [remoteRow(full(1)), brokenRow(diff(3)), remoteRow(full(6))];
    const names = [full(1), diff(3), full(6)];
    expect(dropBasesOf(plan(rows, { names }), [diff(3)], [full(6), full(1)])).toEqual([full(6)]);
    const all = plan(rows, { all: true });
    expect(dropBasesOf(all, [diff(3)], [full(6), full(1)])).toEqual([full(6), full(1)]);
  });
});

describe('an entry that looks foreign', () => {
  const rows = [...chainRows(full(1), diff(2)), foreignRow('monday'), remoteRow(full(5))];

  test('in two lists protects no base', () => {
    const seen = { foreignTwice: new Set(['monday']) };
    expect(plan(rows, { keep: 1 }, seen).order).toEqual([diff(2), full(1)]);
  });

  test('in one list only counts as a broken backup, whose base is unknown', () => {
    const once = plan(rows, { keep: 1 }, { foreignTwice: new Set() });
    expect(once.order).toEqual([]);
    expect(countHeldByBroken(once)).toBe(2);
  });
});
