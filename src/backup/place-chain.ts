import type { Backup } from './backup.js';
import { type TreeNode, walkTree } from './tree.js';

/** A backup of a chain with its place in the list. */
export interface PlacedBackup {
  backup: Backup;
  /**
   * How far it is indented. The increments of a straight chain all have the level of their full backup;
   * each branch is one level deeper than its base, and so are the roots without their base.
   */
  level: number;
  /** It begins a branch: its base is the nearest earlier one at the level above, not the previous one. */
  isBranch: boolean;
}

/**
 * Returns the backups of a chain in the order in which they are listed: the branches of a backup
 * directly after it, then the increment that continues its chain. If several increments share a base,
 * the one with the longest chain continues it; if none of them has increments, all are branches.
 */
export function placeChain(root: TreeNode): PlacedBackup[] {
  const heights = measureHeights(root);
  const placed: PlacedBackup[] = [];
  const isOrphan = root.orphan !== undefined;
  // Not recursive: a chain may be thousands of increments long.
  const waiting = [{ node: root, level: isOrphan ? 1 : 0, isBranch: isOrphan }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, level, isBranch } = next;
    placed.push({ backup: node.backup, level, isBranch });
    const continuation = findContinuation(node, heights);
    if (continuation !== undefined) waiting.push({ node: continuation, level, isBranch: false });
    for (const increment of node.increments.toReversed()) {
      if (increment === continuation) continue;
      waiting.push({ node: increment, level: level + 1, isBranch: true });
    }
  }
  return placed;
}

function findContinuation(
  { increments }: TreeNode,
  heights: ReadonlyMap<TreeNode, number>,
): TreeNode | undefined {
  if (increments.length < 2) return increments[0];
  const highest = increments.reduce((most, node) => Math.max(most, heights.get(node) ?? 0), 0);
  return highest === 0 ? undefined : increments.findLast((node) => heights.get(node) === highest);
}

/** Returns the number of increments below each node, along the longest way; leaves are left out. */
function measureHeights(root: TreeNode): Map<TreeNode, number> {
  const heights = new Map<TreeNode, number>();
  for (const { node } of walkTree(root).toReversed()) {
    if (node.increments.length === 0) continue;
    const below = node.increments.map((increment) => heights.get(increment) ?? 0);
    heights.set(node, 1 + below.reduce((one, two) => Math.max(one, two)));
  }
  return heights;
}
