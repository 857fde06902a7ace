import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { Backup } from '../../src/backup/backup.js';
import { chainTree, type TreeNode } from '../../src/backup/tree.js';
import { chainRows, remoteRow } from './rows.js';

/** Draws a tree as `F(D1(D2) E1)`, with the reason of an orphan in braces. */
function draw(nodes: readonly TreeNode[]): string {
  const parts = nodes.map(({ backup, increments, orphan }) => {
    const under = increments.length > 0 ? `(${draw(increments)})` : '';
    return backup.name + (orphan === undefined ? '' : `{${orphan}}`) + under;
  });
  return parts.join(' ');
}

const on = (name: string, required: string) => remoteRow(name, { required });

describe('chainTree', () => {
  test.for([
    ['an empty list', [], ''],
    [
      'two chains',
      [...chainRows('F', 'D1', 'D2'), on('E1', 'F'), remoteRow('G')],
      'F(D1(D2) E1) G',
    ],
    ['increments listed first', chainRows('F', 'D1', 'D2').toReversed(), 'F(D1(D2))'],
    [
      'an orphan',
      [on('D2', 'D1'), on('D3', 'D2'), remoteRow('F')],
      'D2{its base D1 is missing}(D3) F',
    ],
    ['an entry without a name', [remoteRow(''), remoteRow('F')], ' F'],
    ['an increment based on itself', [on('A', 'A')], 'A{its bases form a cycle (A requires it)}'],
    [
      'a cycle with an increment based on it',
      [on('T', 'B'), on('A', 'B'), on('B', 'A'), on('U', 'T')],
      'B{its bases form a cycle (A requires it)}(T(U) A)',
    ],
    [
      'a name that is listed twice',
      [remoteRow('F'), remoteRow('F'), on('D', 'F'), on('D', 'F')],
      'F(D D) F',
    ],
  ] as const)('%s', ([, rows, drawing]) => {
    expect(draw(chainTree(rows))).toBe(drawing);
  });

  test('handles a chain of ten thousand increments', () => {
    const rows = chainRows(...Array.from({ length: 10_000 }, (_, at) => `D${at}`));
    let depth = 0;
    for (let [node] = chainTree(rows); node !== undefined; [node] = node.increments) depth += 1;
    expect(depth).toBe(10_000);
  });

  const name = fc.constantFrom('A', 'B', 'C', 'D', 'E', 'F');
  const row = fc.tuple(name, fc.oneof(fc.constant(''), name)).map(([one, base]) => on(one, base));
  propertyTest.prop([fc.array(row, { maxLength: 12 })])(
    'shows each backup exactly once',
    (rows) => {
      const shown: Backup[] = [];
      const nodes = chainTree(rows);
      for (const node of nodes) {
        shown.push(node.backup);
        nodes.push(...node.increments);
      }
      expect(shown).toHaveLength(rows.length);
      expect(new Set(shown)).toEqual(new Set(rows));
    },
  );
});
