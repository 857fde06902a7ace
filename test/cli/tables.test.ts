import { describe, expect, test } from 'vitest';
import { layOut, wrap } from '../../src/cli/ui/tables.js';

const titles = ['  NAME', 'AGE', 'NOTES'];
const list = (rows: string[][], width?: number) =>
  layOut([titles, ...rows], { width, nameColumn: 0, hasTitles: true, overflow: 'below' });

describe('layOut', () => {
  test('aligns the columns', () => {
    expect(
      list([
        ['  one', '3h 20m', 'last backup'],
        ['  three', '2h', ''],
      ]),
    ).toEqual(['  NAME   AGE     NOTES', '  one    3h 20m  last backup', '  three  2h']);
  });

  test('counts wide characters twice, and colors not at all', () => {
    const red = '\u001B[31mlast\u001B[39m';
    expect(
      list([
        ['  バック', '2h', red],
        ['  three33', '2h', 'x'],
      ]),
    ).toEqual(['  NAME     AGE  NOTES', `  バック   2h   ${red}`, '  three33  2h   x']);
  });

  test('continues the last cell below its row if it does not fit', () => {
    const problem = 'its base is missing or one of them';
    expect(
      list(
        [
          ['  one', '2h', problem],
          ['  two', '1h', 'y'],
        ],
        24,
      ),
    ).toEqual([
      '  NAME  AGE  NOTES',
      '  one   2h',
      '      its base is',
      '      missing or one of',
      '      them',
      '  two   1h   y',
    ]);
  });

  test('leaves out the title of the last column if nothing fits below it', () => {
    expect(list([['  one', '2h', 'note']], 13)).toEqual([
      '  NAME  AGE',
      '  one   2h',
      '      note',
    ]);
  });

  test('puts the cells of a row with a very long name on a line of their own', () => {
    const name = `  ${'x'.repeat(40)}`;
    expect(
      list(
        [
          ['  one', '2h', 'note'],
          [name, '1h', 'y'],
        ],
        24,
      ),
    ).toEqual(['  NAME  AGE  NOTES', '  one   2h   note', name, '        1h   y']);
  });

  test('puts each row into one line of any length where there is no width', () => {
    const name = `  ${'x'.repeat(80)}`;
    const long = 'y'.repeat(200);
    expect(
      list([
        ['  one', '2h', long],
        [name, '1h', 'y'],
      ]),
    ).toEqual(['  NAME  AGE  NOTES', `  one   2h   ${long}`, `${name}  1h   y`]);
  });

  test('narrows the gaps if more rows fit then', () => {
    expect(list([['  12345', '2h 20m', '']], 14)).toEqual(['  NAME  AGE', '  12345 2h 20m']);
  });

  test('cuts the last cell if told to', () => {
    const options = { width: 20, nameColumn: 1, overflow: 'cut' } as const;
    expect(layOut([['delete', 'one', 'バックアップ']], options)).toEqual(['delete  one  バック…']);
    expect(layOut([['delete', 'one', '1234567']], options)).toEqual(['delete  one  1234567']);
  });

  test('breaks a text across the columns at its spaces', () => {
    const row = ['  ', '= 2 increments in 2d on FULL'];
    expect(list([['  one', '2h', 'x'], row], 20)).toEqual([
      '  NAME  AGE  NOTES',
      '  one   2h   x',
      '  = 2 increments in',
      '    2d on FULL',
    ]);
  });

  test('returns no lines for no rows', () => {
    expect(layOut([], { width: 80, nameColumn: 0, overflow: 'below' })).toEqual([]);
  });
});

test('wrap keeps a word that is too long', () => {
  expect(wrap('keep aaaaaaaaaaaaaaaa b', 10, 2)).toEqual(['keep', '  aaaaaaaaaaaaaaaa', '  b']);
});
