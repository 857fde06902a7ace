import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { Backup } from '../../src/backup/backup.js';
import { chainOf, indexBackups } from '../../src/backup/chain.js';
import { dropBasesOf, mergePlans, planDeletion } from '../../src/backup/deletion/plan.js';
import { parseBackupName } from '../../src/backup/names.js';
import { makeSelector, type SelectionInput } from '../../src/backup/deletion/selection.js';
import { namesOf, remoteRow } from './rows.js';

const names = [1, 2, 3, 4, 5, 6]
  .flatMap((day) => [`FULL_CH_BK_2026-11-0${day}_10-00-00`, `DIFF_CH_BK_2026-11-0${day}_10-00-00`])
  .concat('DIFF_CH_BK_2026-11-03_10-00-00_2', 'mine', 'также', 'FULL_CH_BK_2026-02-31_10-00-00');
const name = fc.constantFrom(...names);

/** Anything a list could show: orphans, circles, names twice; mostly sound. */
function anyRows(location: Backup['location']) {
  const row = fc.record({
    name,
    required: fc.oneof({ weight: 1, arbitrary: fc.constant('') }, { weight: 2, arbitrary: name }),
    state: fc.oneof(
      { weight: 6, arbitrary: fc.constant('ok' as const) },
      { weight: 1, arbitrary: fc.constant('broken' as const) },
      { weight: 1, arbitrary: fc.constant('old-format' as const) },
      { weight: 1, arbitrary: fc.constant('foreign' as const) },
    ),
  });
  return fc.array(row, { maxLength: 14 }).map((rows) =>
    rows.map(({ name: one, ...rest }) => {
      const required = rest.state === 'ok' ? rest.required : '';
      return remoteRow(one, { location, ...rest, required });
    }),
  );
}

const anyInput: fc.Arbitrary<SelectionInput> = fc
  .constantFrom('local' as const, 'remote' as const)
  .chain((location) =>
    fc.record({
      location: fc.constant(location),
      backups: anyRows(location),
      remote: fc.option(anyRows('remote'), { nil: undefined }),
      selection: fc.oneof(
        fc.constant({ all: true } as const),
        fc.constant({ broken: true } as const),
        fc.record({ names: fc.array(name, { maxLength: 8 }) }),
        fc.record({ keep: fc.integer({ min: 1, max: 5 }) }),
        fc.record({ olderThanMs: fc.integer({ min: 1, max: 6 * 86_400_000 }) }),
      ),
      nowMs: fc.constant(new Date(2026, 10, 6, 12).getTime()),
      lastBackups: fc.array(name, { maxLength: 2 }),
      brokenTwice: fc.option(
        fc.array(name).map((list) => new Set(list)),
        { nil: undefined },
      ),
    }),
  );

/** A second input, of a moment later: some rows went, some came, the rest is the same. */
const twoMoments = fc
  .tuple(anyInput, fc.array(fc.boolean(), { maxLength: 14 }), anyRows('remote'))
  .map(([shown, gone, came]) => {
    const stayed = shown.backups.filter((_, at) => gone[at] !== true);
    const known = new Set(namesOf(shown.backups));
    const fresh = came.filter((row) => !known.has(row.name));
    const moved = fresh.map((row) => ({ ...row, location: shown.location }));
    return [shown, { ...shown, backups: [...stayed, ...moved] }] as const;
  });

/** Whatever was whole, and was not deleted, is whole without the deleted ones too. */
function expectChainsWhole(backups: readonly Backup[], deleted: readonly string[]): void {
  const gone = new Set(deleted);
  const left = backups.filter((row) => !gone.has(row.name));
  for (const row of left) {
    if (chainOf(backups, row.name).complete) expect(chainOf(left, row.name).complete).toBe(true);
    const present = (list: readonly Backup[]) => list.some((one) => one.name === row.required);
    expect(present(left)).toBe(present(backups));
  }
}

function hasCycle(backups: readonly Backup[]): boolean {
  return backups.some((row) => {
    const found = chainOf(backups, row.name);
    return !found.complete && found.problem.kind === 'cycle';
  });
}

const isListedOnce = (backups: readonly Backup[]) => indexBackups(backups).size === backups.length;

describe('planDeletion, whatever is listed', () => {
  propertyTest.prop([anyInput])('kept and deleted are all, each once, in order', (input) => {
    const { items, order } = planDeletion(input);
    expect(items.map((item) => item.backup)).toEqual(input.backups);
    const deleted = items.filter((item) => item.action === 'delete').map((item) => item.backup);
    expect(order.toSorted()).toEqual([...new Set(namesOf(deleted))].toSorted());
    for (const item of items) {
      expect(item.reason).not.toBe('');
      expect(order.includes(item.backup.name)).toBe(item.action === 'delete');
    }
  });

  propertyTest.prop([anyInput])('nothing outside the selection is deleted', (input) => {
    const select = makeSelector(input);
    for (const { backup, action } of planDeletion(input).items) {
      if (action === 'delete') expect(select(backup).action).toBe('delete');
    }
  });

  propertyTest.prop([anyInput])('a foreign entry is deleted only by its name', (input) => {
    const { order } = planDeletion(input);
    const asked = 'names' in input.selection ? input.selection.names : [];
    for (const [one, { state }] of indexBackups(input.backups)) {
      if (state === 'foreign' && !asked.includes(one)) expect(order).not.toContain(one);
    }
  });

  propertyTest.prop([anyInput])('foreign entries change nothing for the others', (input) => {
    fc.pre(isListedOnce(input.backups));
    const isForeign = (row: Backup) => row.state === 'foreign';
    const foreign = namesOf(input.backups.filter(isForeign));
    const asked = 'names' in input.selection ? input.selection.names : [];
    fc.pre(!asked.some((one) => foreign.includes(one)));
    const without = { ...input, backups: input.backups.filter((row) => !isForeign(row)) };
    expect(planDeletion(input).order).toEqual(planDeletion(without).order);
  });

  propertyTest.prop([anyInput])('by age, what must not go stays', (input) => {
    fc.pre('keep' in input.selection || 'olderThanMs' in input.selection);
    const { order } = planDeletion(input);
    for (const last of input.lastBackups) expect(order).not.toContain(last);
    for (const doomed of order) {
      expect(doomed).toMatch(/^(FULL|DIFF)_CH_BK_2026-11-/);
      expect(indexBackups(input.backups).get(doomed)?.state).toBe('ok');
      if (input.location === 'local') {
        expect(chainOf(input.remote ?? [], doomed).complete).toBe(true);
      }
    }
  });

  propertyTest.prop([anyInput])(
    '--keep N leaves N that can be restored, if there were',
    (input) => {
      fc.pre('keep' in input.selection && input.location === 'remote');
      const restorable = (rows: readonly Backup[]) =>
        [...indexBackups(rows).keys()].filter(
          (one) => /_2026-11-/.test(one) && chainOf(rows, one).complete,
        ).length;
      const { order } = planDeletion(input);
      const left = input.backups.filter((row) => !order.includes(row.name));
      const { keep } = input.selection;
      expect(restorable(left)).toBeGreaterThanOrEqual(Math.min(keep, restorable(input.backups)));
    },
  );

  propertyTest.prop([anyInput])('no kept backup loses its chain', (input) => {
    expectChainsWhole(input.backups, planDeletion(input).order);
  });

  propertyTest.prop([anyInput], { numRuns: 300 })(
    'while a broken row stays, nothing sound that it may require goes',
    (input) => {
      fc.pre(!('all' in input.selection));
      const { items, order } = planDeletion(input);
      const index = indexBackups(input.backups);
      const staying = items.filter((item) => item.action === 'keep').map((item) => item.backup);
      for (const { name: one } of staying.filter((row) => row.state === 'broken')) {
        for (const doomed of order.filter((other) => index.get(other)?.state === 'ok')) {
          const [brokenAt, doomedAt] = [one, doomed].map((text) => parseBackupName(text)?.atMs);
          expect(brokenAt).toBeDefined();
          expect(doomedAt).toBeGreaterThan(brokenAt ?? NaN);
        }
      }
    },
  );

  propertyTest.prop([anyInput], { numRuns: 300 })('stopped anywhere, no orphan', (input) => {
    fc.pre(!hasCycle(input.backups) && isListedOnce(input.backups));
    const { order } = planDeletion(input);
    for (let done = 0; done <= order.length; done += 1) {
      expectChainsWhole(input.backups, order.slice(0, done));
    }
  });

  propertyTest.prop([anyInput, fc.nat(13)], { numRuns: 300 })(
    'one delete fails, no orphan',
    (input, failing) => {
      fc.pre(!hasCycle(input.backups) && isListedOnce(input.backups));
      const made = planDeletion(input);
      const failed = made.order[failing % made.order.length];
      fc.pre(failed !== undefined);
      const at = made.order.indexOf(failed);
      const rest = dropBasesOf(made, [failed], made.order.slice(at + 1));
      expectChainsWhole(input.backups, [...made.order.slice(0, at), ...rest]);
    },
  );

  propertyTest.prop([anyInput])('a refused plan deletes nothing', (input) => {
    const made = planDeletion(input);
    fc.pre(made.refused !== undefined);
    expect(made.order).toEqual([]);
    expect(made.refused?.names.length).toBeGreaterThan(0);
  });
});

describe('mergePlans, whatever happened in between', () => {
  propertyTest.prop([twoMoments])('never larger than either, and closed', ([before, after]) => {
    const shown = planDeletion(before);
    const fresh = planDeletion(after);
    const merged = mergePlans(shown, fresh);
    for (const one of merged.order) {
      expect(shown.order).toContain(one);
      expect(fresh.order).toContain(one);
    }
    expect(merged.items.map((item) => item.backup)).toEqual(after.backups);
    expectChainsWhole(after.backups, merged.order);
  });

  propertyTest.prop([anyInput])('of a plan with itself is the plan', (input) => {
    const made = planDeletion(input);
    expect(mergePlans(made, made)).toEqual(made);
  });
});

test('planning takes about eight times as long for eight times the backups', () => {
  // A quadratic scan anywhere in it would take sixty-four times as long.
  planningMs(4000);
  const ratios = [1, 2, 3].map(() => planningMs(4000) / planningMs(500));
  expect(Math.min(...ratios)).toBeLessThan(30);
});

function planningMs(count: number): number {
  const rows = Array.from({ length: count }, (_, at) => {
    const date = new Date(2020, 0, 1 + at).toISOString().slice(0, 10);
    const before = new Date(2020, 0, at).toISOString().slice(0, 10);
    return remoteRow(`DIFF_CH_BK_${date}_10-00-00`, {
      required: at % 250 === 0 ? '' : `DIFF_CH_BK_${before}_10-00-00`,
      state: at % 250 === 249 ? 'broken' : 'ok',
    });
  });
  const startedMs = performance.now();
  for (const selection of [{ keep: 100 }, { all: true }, { names: namesOf(rows) }] as const) {
    planDeletion({ location: 'remote', backups: rows, selection, nowMs: 0, lastBackups: [] });
  }
  return performance.now() - startedMs;
}
