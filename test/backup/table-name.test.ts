import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { isMappable, parseTableName } from '../../src/backup/table-name.js';

describe('parseTableName', () => {
  test.for([
    ['db.t', 'db', 't'],
    ['DB.T_1', 'DB', 'T_1'],
    ['my-db.my-table', 'my-db', 'my-table'],
    ['база.таблица', 'база', 'таблица'],
  ] as const)('accepts %s', ([text, database, table]) => {
    expect(parseTableName(text)).toEqual({ kind: 'table', name: { database, table } });
  });

  test.for([
    ['db.*', 'exactly one table'],
    ['db.t?', 'exactly one table'],
    ['db.t[ab', 'exactly one table'],
    ['db.t]', 'exactly one table'],
    ['db.t,db.u', 'exactly one table'],
    ['db.t\\', 'backslashes'],
    ['`db`.t', 'quotes'],
    ['db."t"', 'quotes'],
    ["db.'t'", 'quotes'],
    [' db.t', 'spaces'],
    ['db.t\n', 'spaces'],
    ['db. t', 'spaces'],
    ['db.t\u0000', 'invisible'],
    ['db.t\u200b', 'invisible'],
    ['db.t\u00a0', 'spaces'],
    ['db.a.b', 'more than one dot'],
    ['db..t', 'more than one dot'],
    ['db', 'database.table'],
    ['db.', 'database.table'],
    ['.t', 'database.table'],
    ['.', 'database.table'],
    ['', 'database.table'],
  ] as const)('rejects %j', ([text, problem]) => {
    expect(parseTableName(text)).toEqual({
      kind: 'invalid',
      reason: expect.stringContaining(problem),
    });
  });

  propertyTest.prop([
    fc.string({ unit: fc.constantFrom('a', 'b', 'ж', ...'.*?[],\\ \n"`'.split('')) }),
  ])('accepts only names that mean exactly one table', (text) => {
    const parsed = parseTableName(text);
    if (parsed.kind === 'invalid') return;
    const { name } = parsed;
    expect(`${name.database}.${name.table}`).toBe(text);
    expect(text).toMatch(/^[abж]+\.[abж]+$/);
  });
});

test.for([
  ['db', 't_1', true],
  ['my-db', 't', false],
  ['db', 't-1', false],
  ['база', 't', false],
  ['db', 'a:b', false],
  ['db', 't\n', false],
] as const)('isMappable %s.%s: %s', ([database, table, mappable]) => {
  expect(isMappable({ database, table })).toBe(mappable);
});
