import type { Backup } from './backup.js';

/** A backup with its increments, as `list` shows it. */
export interface TreeNode {
  backup: Backup;
  increments: TreeNode[];
  /** Only for a root that has a base: why it is not under its base, as a clause. */
  orphan?: string;
}

/**
 * Returns the backups of one location as trees, in the order of the list. The roots are full backups
 * and increments whose base is missing. Every entry appears exactly once: a cycle is cut at one of its
 * members, and the increments on a name that is listed twice are under its first entry.
 */
export function chainTree(backups: readonly Backup[]): TreeNode[] {
  const nodes = backups.map((backup): TreeNode => ({ backup, increments: [] }));
  const byName = new Map<string, TreeNode>();
  for (const node of nodes) {
    if (!byName.has(node.backup.name)) byName.set(node.backup.name, node);
  }
  const baseOf = (node: TreeNode) => {
    const { required } = node.backup;
    return required === undefined ? undefined : byName.get(required);
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
    if (base !== undefined) node.orphan = `its bases form a cycle (${required} requires it)`;
    else if (required !== undefined) node.orphan = `its base ${required} is missing`;
    roots.push(node);
  }
  return roots;
}

/** Returns the nodes of a tree, each after its base, with their distance from the root. */
export function walkTree(root: TreeNode): { node: TreeNode; depth: number }[] {
  const found = [];
  // Not recursive: a chain may be thousands of increments long.
  const waiting = [{ node: root, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    found.push(next);
    const depth = next.depth + 1;
    for (const node of next.node.increments.toReversed()) waiting.push({ node, depth });
  }
  return found;
}

/** Returns one node of each cycle: the first one that a walk along the list reaches twice. */
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
