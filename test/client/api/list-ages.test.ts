import { describe, expect, test } from 'vitest';
import { ListAges } from '../../../src/client/api/list-ages.js';
import type { Action } from '../../../src/client/observer.js';

const minute = 60_000;

function setUp() {
  let elapsedMs = 0;
  const ages = new ListAges({ elapsed: () => elapsedMs });
  return { ages, pass: (ms: number) => void (elapsedMs += ms) };
}

function row(command: string, start: string, finish?: string): Action {
  const status = finish === undefined ? 'in progress' : 'success';
  const times = { start, ...(finish !== undefined && { finish }) };
  return { command, status, ...times, error: '', operationId: '' };
}

const list = row('list remote', '2026-11-22 10:00:00');

describe('isHung', () => {
  test('is true once a list has been seen for ten minutes', () => {
    const { ages, pass } = setUp();
    ages.read(list);
    pass(10 * minute - 1);
    expect(ages.isHung(list)).toBe(false);
    pass(1);
    expect(ages.isHung(list)).toBe(true);
  });

  test.for([
    {
      name: 'another row started late enough',
      later: row('create X', '2026-11-22 10:10:00'),
      hung: true,
    },
    {
      name: 'another row ended late enough',
      later: row('list', '2026-11-22 09:00:00', '2026-11-22 10:10:00'),
      hung: true,
    },
    {
      name: 'another row started too early',
      later: row('create X', '2026-11-22 10:09:59'),
      hung: false,
    },
    { name: 'another row has no valid time', later: row('create X', 'soon'), hung: false },
  ])('is $hung by the clock of the server if $name', ({ later, hung }) => {
    const { ages } = setUp();
    ages.read(list);
    ages.read(later);
    expect(ages.isHung(list)).toBe(hung);
  });

  test('is false if the start time of the list cannot be read', () => {
    const { ages } = setUp();
    ages.read(list);
    expect(ages.isHung(row('list', ''))).toBe(false);
  });

  test('is false for other commands', () => {
    const { ages, pass } = setUp();
    for (const command of ['watch', 'upload list', 'listen', 'create list remote']) {
      const other = row(command, '2026-11-22 10:00:00');
      ages.read(other);
      pass(20 * minute);
      expect([command, ages.isHung(other)]).toEqual([command, false]);
    }
  });
});

describe('a list of ours that got no response', () => {
  test('is found as the first new row of its command and is as old as its request', () => {
    const { ages, pass } = setUp();
    const others = [list, row('list local', '2026-11-22 10:09:00')];
    ages.readRunning([list]);
    pass(10 * minute);
    ages.lose('list remote', 0);
    const ours = row('list remote', '2026-11-22 10:00:01');
    const later = row('list remote', '2026-11-22 10:09:59');
    ages.readRunning([...others, ours, later]);
    expect([...others, ours, later].map((one) => ages.isOurs(one))).toEqual([
      ...[false, false, true, false],
    ]);
    expect([ages.isHung(ours), ages.isHung(later)]).toEqual([true, false]);
  });

  test('is not looked for again if it has no row', () => {
    const { ages } = setUp();
    ages.lose('list', 0);
    ages.readRunning([]);
    const others = row('list', '2026-11-22 10:00:00');
    ages.readRunning([others]);
    expect(ages.isOurs(others)).toBe(false);
  });
});
