import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { Backup } from '../../src/backup/backup.js';
import { chainTree, type TreeNode } from '../../src/backup/tree.js';
import { chainRows, remoteRow } from './rows.js';

/** `F(D1(D2) E1)`; an orphan's reason in braces. */
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
    ['nothing', [], ''],
    [
      'two chains',
      [...chainRows('F', 'D1', 'D2'), on('E1', 'F'), remoteRow('G')],
      'F(D1(D2) E1) G',
    ],
    ['increments listed first', chainRows('F', 'D1', 'D2').toReversed(), 'F(D1(D2))'],
    [
      'an orphan',
      [on('D2', 'D1'), on('D3', 'D2'), remoteRow('F')],
      'D2{its base D1 is not there}(D3) F',
    ],
    ['a row without a name', [remoteRow(''), remoteRow('F')], ' F'],
    ['on itself', [on('A', 'A')], 'A{its base A requires it in turn}'],
    [
      'a circle with a tail',
      [on('T', 'B'), on('A', 'B'), on('B', 'A'), on('U', 'T')],
      'B{its base A requires it in turn}(T(U) A)',
    ],
    ['a name twice', [remoteRow('F'), remoteRow('F'), on('D', 'F'), on('D', 'F')], 'F(D D) F'],
  ] as const)('%s', ([, rows, drawing]) => {
    expect(draw(chainTree(rows))).toBe(drawing);
  });

  test('holds ten thousand increments on one full', () => {
    const rows = chainRows(...Array.from({ length: 10_000 }, (_, at) => `D${at}`));
    let depth = 0;
    for (let [node] = chainTree(rows); node !== undefined; [node] = node.increments) depth += 1;
    expect(depth).toBe(10_000);
  });

  const name = fc.constantFrom('A', 'B', 'C', 'D', 'E', 'F');
  const row = fc.tuple(name, fc.oneof(fc.constant(''), name)).map(([one, base]) => on(one, base));
  propertyTest.prop([fc.array(row, { maxLength: 12 })])('shows each row exactly once', (rows) => {
    const shown: Backup[] = [];
    const nodes = chainTree(rows);
    for (const node of nodes) {
      shown.push(node.backup);
      nodes.push(...node.increments);
    }
    expect(shown).toHaveLength(rows.length);
    expect(new Set(shown)).toEqual(new Set(rows));
  });
});
