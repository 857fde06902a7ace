import { describe, expect, test } from 'vitest';
import { findOutOfOrder, membersToCheck } from '../../src/backup/list-order.js';
import { chainRows, remoteRow } from './rows.js';

describe('findOutOfOrder', () => {
  const [full, d1, d2, d3] = chainRows('F', 'D1', 'D2', 'D3') as [Row, Row, Row, Row];

  test.for<[string, Row[], string[]]>([
    ['nothing in the order of the uploads', [full, d1, d2, d3], []],
    ['a full backup after its increment', [d1, full, d2, d3], ['F']],
    ['a full backup at the end', [d1, d2, d3, full], ['F']],
    ['an increment after one that is based on it', [full, d1, d3, d2], ['D2']],
    ['a backup after one that is based on it through others', [full, d3, d1, d2], ['D1', 'D2']],
    ['nothing if a base is missing', [d1, d3], []],
    ['a base after an increment of another chain', [d1, remoteRow('X'), full], ['F']],
    [
      'all in a cycle but its first backup',
      [remoteRow('A', { required: 'B' }), remoteRow('B', { required: 'A' })],
      ['B'],
    ],
  ])('returns %s', ([, rows, expected]) => {
    expect([...findOutOfOrder(rows)]).toEqual(expected);
  });

  test('is fast enough for years of backups', () => {
    const names = Array.from({ length: 20_000 }, (_, at) => `B${at}`);
    expect(findOutOfOrder(chainRows(...names)).size).toBe(0);
    expect(findOutOfOrder(chainRows(...names).reverse()).size).toBe(names.length - 1);
  });
});

describe('membersToCheck', () => {
  const rows = chainRows('F', 'D1', 'D2', 'D3');

  test('returns the backup and its full backup', () => {
    expect(membersToCheck(rows, ['D3', 'D2', 'D1', 'F'])).toEqual(['D3', 'F']);
    expect(membersToCheck(rows, ['F'])).toEqual(['F']);
  });

  test('returns also what is listed out of order', () => {
    const [full, d1, d2, d3] = rows as [Row, Row, Row, Row];
    expect(membersToCheck([full, d2, d3, d1], ['D3', 'D2', 'D1', 'F'])).toEqual(['D3', 'F', 'D1']);
    // An increment outside the chain shows it too.
    const other = remoteRow('O', { required: 'D2' });
    expect(membersToCheck([full, d1, other, d2, d3], ['D3', 'D2', 'D1', 'F'])).toEqual([
      'D3',
      'F',
      'D2',
    ]);
  });
});

type Row = ReturnType<typeof remoteRow>;
