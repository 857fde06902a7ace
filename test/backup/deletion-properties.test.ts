import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { Backup } from '../../src/backup/backup.js';
import { chainOf, indexBackups } from '../../src/backup/chain.js';
import { dropBasesOf, mergePlans, planDeletion } from '../../src/backup/deletion/plan.js';
import { parseBackupName } from '../../src/backup/names.js';
import { makeSelector, type SelectionInput } from '../../src/backup/deletion/selection.js';
import { describeReason, describeRefusal } from '../../src/use-cases/delete/reason-text.js';
import { namesOf, remoteRow } from './rows.js';

const names = [1, 2, 3, 4, 5, 6]
  .flatMap((day) => [`FULL_CH_BK_2026-11-0${day}_10-00-00`, `DIFF_CH_BK_2026-11-0${day}_10-00-00`])
  .concat('DIFF_CH_BK_2026-11-03_10-00-00_2', 'mine', 'также', 'FULL_CH_BK_2026-02-31_10-00-00');
const name = fc.constantFrom(...names);

/** Generates any possible list: orphans, cycles, duplicate names; most backups are ok. */
function anyRows(location: Backup['location']) {
  const row = fc.record({
    name,
    required: fc.oneof(
      { weight: 1, arbitrary: fc.constant(undefined) },
      { weight: 2, arbitrary: name },
    ),
    state: fc.oneof(
      { weight: 6, arbitrary: fc.constant('ok' as const) },
      { weight: 1, arbitrary: fc.constant('broken' as const) },
      { weight: 1, arbitrary: fc.constant('old-format' as const) },
      { weight: 1, arbitrary: fc.constant('foreign' as const) },
    ),
  });
  return fc.array(row, { maxLength: 14 }).map((rows) =>
    rows.map(({ name: one, ...rest }) => {
      const required = rest.state === 'ok' ? rest.required : undefined;
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
        fc.constant({ kind: 'all' } as const),
        fc.constant({ kind: 'broken' } as const),
        fc.record({
          kind: fc.constant('names' as const),
          names: fc.array(name, { maxLength: 8 }),
        }),
        fc.record({
          kind: fc.constant('keep' as const),
          count: fc.integer({ min: 1, max: 5 }),
        }),
        fc.record({
          kind: fc.constant('older-than' as const),
          ms: fc.integer({ min: 1, max: 6 * 86_400_000 }),
        }),
      ),
      nowMs: fc.constant(new Date(2026, 10, 6, 12).getTime()),
      lastBackups: fc.array(name, { maxLength: 2 }),
      brokenTwice: fc.option(
        fc.array(name).map((list) => new Set(list)),
        { nil: undefined },
      ),
    }),
  );

/** Generates an input and a later one, with some backups removed and some added. */
const twoMoments = fc
  .tuple(anyInput, fc.array(fc.boolean(), { maxLength: 14 }), anyRows('remote'))
  .map(([shown, removed, added]) => {
    const remaining = shown.backups.filter((_, at) => removed[at] !== true);
    const known = new Set(namesOf(shown.backups));
    const fresh = added.filter((row) => !known.has(row.name));
    const moved = fresh.map((row) => ({ ...row, location: shown.location }));
    return [shown, { ...shown, backups: [...remaining, ...moved] }] as const;
  });

/** Expects that every kept backup with a complete chain still has one after the deletion. */
function expectChainsWhole(backups: readonly Backup[], deleted: readonly string[]): void {
  const deletedNames = new Set(deleted);
  const left = backups.filter((row) => !deletedNames.has(row.name));
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

describe('planDeletion, for any list', () => {
  propertyTest.prop([anyInput])('decides about each listed backup once, in order', (input) => {
    const { items, order } = planDeletion(input);
    expect(items.map((item) => item.backup)).toEqual(input.backups);
    const deleted = items.filter((item) => item.action === 'delete').map((item) => item.backup);
    expect(order.toSorted()).toEqual([...new Set(namesOf(deleted))].toSorted());
    for (const item of items) {
      expect(describeReason(item.reason)).not.toBe('');
      expect(order.includes(item.backup.name)).toBe(item.action === 'delete');
    }
  });

  propertyTest.prop([anyInput])('deletes nothing outside the selection', (input) => {
    const select = makeSelector(input);
    for (const { backup, action } of planDeletion(input).items) {
      if (action === 'delete') expect(select(backup).action).toBe('delete');
    }
  });

  propertyTest.prop([anyInput])('deletes a foreign entry only by name', (input) => {
    const { order } = planDeletion(input);
    const requested = input.selection.kind === 'names' ? input.selection.names : [];
    for (const [one, { state }] of indexBackups(input.backups)) {
      if (state === 'foreign' && !requested.includes(one)) expect(order).not.toContain(one);
    }
  });

  propertyTest.prop([anyInput])(
    'decides about the other backups as if foreign entries were not listed',
    (input) => {
      fc.pre(isListedOnce(input.backups));
      const isForeign = (row: Backup) => row.state === 'foreign';
      const foreign = namesOf(input.backups.filter(isForeign));
      const requested = input.selection.kind === 'names' ? input.selection.names : [];
      fc.pre(!requested.some((one) => foreign.includes(one)));
      const without = { ...input, backups: input.backups.filter((row) => !isForeign(row)) };
      expect(planDeletion(input).order).toEqual(planDeletion(without).order);
    },
  );

  propertyTest.prop([anyInput])(
    'deletes by age only backups that chbackup created and that are ok',
    (input) => {
      fc.pre(['keep', 'older-than'].includes(input.selection.kind));
      const { order } = planDeletion(input);
      for (const last of input.lastBackups) expect(order).not.toContain(last);
      for (const deleted of order) {
        expect(deleted).toMatch(/^(FULL|DIFF)_CH_BK_2026-11-/);
        expect(indexBackups(input.backups).get(deleted)?.state).toBe('ok');
        if (input.location === 'local') {
          expect(chainOf(input.remote ?? [], deleted).complete).toBe(true);
        }
      }
    },
  );

  propertyTest.prop([anyInput])(
    '--keep N leaves N backups that can be restored, if there were as many',
    (input) => {
      const { location, selection } = input;
      fc.pre(selection.kind === 'keep' && location === 'remote');
      const restorable = (rows: readonly Backup[]) =>
        [...indexBackups(rows).keys()].filter(
          (one) => /_2026-11-/.test(one) && chainOf(rows, one).complete,
        ).length;
      const { order } = planDeletion(input);
      const left = input.backups.filter((row) => !order.includes(row.name));
      const wanted = selection.kind === 'keep' ? selection.count : 0;
      expect(restorable(left)).toBeGreaterThanOrEqual(Math.min(wanted, restorable(input.backups)));
    },
  );

  propertyTest.prop([anyInput])('never breaks the chain of a kept backup', (input) => {
    expectChainsWhole(input.backups, planDeletion(input).order);
  });

  propertyTest.prop([anyInput], { numRuns: 300 })(
    'deletes nothing that a kept broken backup may require',
    (input) => {
      fc.pre(input.selection.kind !== 'all');
      const { items, order } = planDeletion(input);
      const index = indexBackups(input.backups);
      const kept = items.filter((item) => item.action === 'keep').map((item) => item.backup);
      for (const { name: one } of kept.filter((row) => row.state === 'broken')) {
        for (const deleted of order.filter((other) => index.get(other)?.state === 'ok')) {
          const [brokenAt, deletedAt] = [one, deleted].map((text) => parseBackupName(text)?.atMs);
          expect(brokenAt).toBeDefined();
          expect(deletedAt).toBeGreaterThan(brokenAt ?? NaN);
        }
      }
    },
  );

  propertyTest.prop([anyInput], { numRuns: 300 })(
    'leaves no orphan if it is stopped after any delete',
    (input) => {
      fc.pre(!hasCycle(input.backups) && isListedOnce(input.backups));
      const { order } = planDeletion(input);
      for (let done = 0; done <= order.length; done += 1) {
        expectChainsWhole(input.backups, order.slice(0, done));
      }
    },
  );

  propertyTest.prop([anyInput, fc.nat(13)], { numRuns: 300 })(
    'leaves no orphan if any one delete fails',
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

  propertyTest.prop([anyInput])('deletes nothing if it refuses', (input) => {
    const made = planDeletion(input);
    fc.pre(made.refused !== undefined);
    expect(made.order).toEqual([]);
    expect(made.refused && describeRefusal(made.refused, input.location)).toMatch(/\S/);
  });
});

describe('mergePlans, after any changes', () => {
  propertyTest.prop([twoMoments])(
    'deletes nothing that is not in both plans and breaks no chain',
    ([before, after]) => {
      const shown = planDeletion(before);
      const fresh = planDeletion(after);
      const merged = mergePlans(shown, fresh);
      for (const one of merged.order) {
        expect(shown.order).toContain(one);
        expect(fresh.order).toContain(one);
      }
      expect(merged.items.map((item) => item.backup)).toEqual(after.backups);
      expectChainsWhole(after.backups, merged.order);
    },
  );

  propertyTest.prop([anyInput])(
    'returns the same plan if a plan is merged with itself',
    (input) => {
      const made = planDeletion(input);
      expect(mergePlans(made, made)).toEqual(made);
    },
  );
});

test('planning time grows linearly with the number of backups', () => {
  // Eight times the backups: a quadratic scan would take sixty-four times as long.
  planningMs(4000);
  const ratios = [1, 2, 3].map(() => planningMs(4000) / planningMs(500));
  expect(Math.min(...ratios)).toBeLessThan(30);
});

function planningMs(count: number): number {
  const rows = Array.from({ length: count }, (_, at) => {
    const date = new Date(2020, 0, 1 + at).toISOString().slice(0, 10);
    const before = new Date(2020, 0, at).toISOString().slice(0, 10);
    return remoteRow(`DIFF_CH_BK_${date}_10-00-00`, {
      required: at % 250 === 0 ? undefined : `DIFF_CH_BK_${before}_10-00-00`,
      state: at % 250 === 249 ? 'broken' : 'ok',
    });
  });
  const startedMs = performance.now();
  for (const selection of [
    { kind: 'keep', count: 100 },
    { kind: 'all' },
    { kind: 'names', names: namesOf(rows) },
  ] as const) {
    planDeletion({ location: 'remote', backups: rows, selection, nowMs: 0, lastBackups: [] });
  }
  return performance.now() - startedMs;
}
