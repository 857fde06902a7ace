import { describe, expect, test } from 'vitest';
import { placeChain } from '../../src/backup/place-chain.js';
import { chainTree } from '../../src/backup/tree.js';
import { chainRows, remoteRow } from './rows.js';

const on = (name: string, required: string) => remoteRow(name, { required });

/** Draws the chains as the list does: a line per backup, indented by its level. */
function draw(rows: Parameters<typeof chainTree>[0]): string[] {
  return chainTree(rows)
    .flatMap(placeChain)
    .map(
      ({ backup, level, isBranch }) => `${'  '.repeat(level)}${isBranch ? '└' : ''}${backup.name}`,
    );
}

describe('placeChain', () => {
  test.for([
    ['a straight chain stays on one level', chainRows('F', 'A', 'B', 'C'), ['F', 'A', 'B', 'C']],
    [
      'a second increment on the same base indents, and the longer chain continues',
      [...chainRows('F', 'A', 'B', 'C'), on('X', 'A')],
      ['F', 'A', '  └X', 'B', 'C'],
    ],
    [
      'of chains of the same length, the one listed last continues',
      [...chainRows('F', 'A', 'B'), on('X', 'F'), on('Y', 'X')],
      ['F', '  └A', '  B', 'X', 'Y'],
    ],
    [
      'increments that are all based on the full backup are all branches',
      [...chainRows('F', 'A'), on('B', 'F'), on('C', 'F')],
      ['F', '  └A', '  └B', '  └C'],
    ],
    [
      'a branch of a branch indents further',
      [...chainRows('F', 'A', 'B', 'C'), on('X', 'F'), on('Y', 'X'), on('Z', 'X')],
      ['F', '  └X', '    └Y', '    └Z', 'A', 'B', 'C'],
    ],
    [
      'a tree without its full backup indents',
      [on('B', 'gone'), on('C', 'B'), ...chainRows('F', 'A')],
      ['  └B', '  C', 'F', 'A'],
    ],
  ] as const)('%s', ([, rows, lines]) => {
    expect(draw(rows)).toEqual(lines);
  });

  test('places a chain of ten thousand increments', () => {
    const rows = chainRows(...Array.from({ length: 10_000 }, (_, at) => `D${at}`));
    expect(draw(rows)).toEqual(rows.map(({ name }) => name));
  });
});
