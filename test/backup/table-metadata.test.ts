import { describe, expect, test } from 'vitest';
import { type BackupTable, findLostTables } from '../../src/backup/table-metadata.js';

const table = (database: string, name: string, parts: number): BackupTable => {
  return { database, name, parts, isReadable: true };
};

describe('findLostTables', () => {
  const base = [table('shop', 'orders', 3), table('shop', 'empty', 0), table('shop.x', 'y', 1)];

  test.for<[string, BackupTable[], string[]]>([
    ['nothing if each table still has parts', base, []],
    ['nothing for fewer parts', [table('shop', 'orders', 1), ...base.slice(1)], []],
    ['a table that is missing', base.slice(1), ['orders']],
    ['a table without parts', [table('shop', 'orders', 0), ...base.slice(1)], ['orders']],
    ['all tables with parts for an empty backup', [], ['orders', 'y']],
    [
      'a table whose name and database are split elsewhere',
      [...base.slice(0, 2), table('shop', 'x.y', 1)],
      ['y'],
    ],
  ])('returns %s', ([, backup, expected]) => {
    expect(findLostTables(base, backup).map(({ name }) => name)).toEqual(expected);
  });
});
