import type { Backup } from './backup.js';

/** A backup as `list` shows it: its increments under it. */
export interface TreeNode {
  backup: Backup;
  increments: TreeNode[];
  /** Only on a root that ought to stand under another: why it does not, as a clause. */
  orphan?: string;
}

/**
 * The backups of one location as trees, in the list's order: fulls, and as roots of their own those
 * whose base is not there. Every row appears exactly once: a circle is cut at one of its members,
 * and the increments of a name listed twice stand under its first row.
 */
export function chainTree(backups: readonly Backup[]): TreeNode[] {
  const nodes = backups.map((backup): TreeNode => ({ backup, increments: [] }));
  const byName = new Map<string, TreeNode>();
  for (const node of nodes) {
    if (!byName.has(node.backup.name)) byName.set(node.backup.name, node);
  }
  const baseOf = (node: TreeNode) => {
    return node.backup.required === '' ? undefined : byName.get(node.backup.required);
  };
  const cuts = findCuts(nodes, baseOf);
  const roots: TreeNode[] = [];
  for (const node of nodes) {
    const base = baseOf(node);
    if (base !== undefined && !cuts.has(node)) {
      base.increments.push(node);
      continue;
    }
    const required = node.backup.required;
    if (base !== undefined) node.orphan = `its base ${required} requires it in turn`;
    else if (required !== '') node.orphan = `its base ${required} is not there`;
    roots.push(node);
  }
  return roots;
}

/** One node of each circle: the first that the walk from the list's first rows comes back to. */
function findCuts(
  nodes: readonly TreeNode[],
  baseOf: (node: TreeNode) => TreeNode | undefined,
): Set<TreeNode> {
  const cuts = new Set<TreeNode>();
  const walkOf = new Map<TreeNode, TreeNode>();
  for (const start of nodes) {
    let node: TreeNode | undefined = start;
    while (node !== undefined && !walkOf.has(node)) {
      walkOf.set(node, start);
      node = baseOf(node);
    }
    if (node !== undefined && walkOf.get(node) === start) cuts.add(node);
  }
  return cuts;
}
