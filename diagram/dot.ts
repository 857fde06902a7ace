import { digraph, type NodeAttributesObject, toDot } from 'ts-graphviz';
import type { Step } from '../src/use-cases/steps.js';
import {
  type Cluster,
  edges,
  type FlowEdge,
  type FlowNode,
  type NodeKind,
  nodes,
  notes,
} from './flow.js';

/** A font whose letter widths Graphviz knows; the PNG is rendered with it too. */
export const fontName = 'DejaVu Sans';

type Drawn = Step | keyof typeof notes;

/** The rows of the page and the nodes in them; `[]` is a gap. Graphviz routes the lines. */
const page: (Drawn | '')[][] = [
  ['start'],
  ['young-enough'],
  ['known-host', 'check-new-host'],
  ['lock', 'wait-for-lock'],
  ['check-server', 'mayHandOver'],
  ['journal', 'recover'],
  ['', 'recovered'],
  ['young-now'],
  ['kind', '', 'read-last-backup'],
  ['list-names', '', 'verify-base', 'retry-base'],
  ['', 'note-full', 'limit-chain', 'storage-empty'],
  ['', 'asksServer', 'check-base', 'retry-check'],
  ['', 'wait-for-server', 'without-base'],
  ['note-tables', '', 'warn-no-base'],
  ['reserve-name'],
  [],
  ['create', '', 'mayFail', 'give-up'],
  ['created', '', 'create-error', 'log-error'],
  ['choose-base-use', 'find-copy'],
  ['upload', 'warn-other-base'],
  ['uploaded', '', 'upload-error'],
  ['verify-upload', 'retry-upload', 'log-upload-error'],
  ['record'],
  ['end'],
];
/** Sizes in points; Graphviz takes the sizes of nodes in inches. */
const columnWidth = 184;
const rowHeight = 62;
/** The gap between the cluster `main` and the clusters beside it. */
const gapWidth = 18;
const conditionHeight = 86;
const gapHeight = 24;

const looks: Record<NodeKind, NodeAttributesObject> = {
  start: { shape: 'box', style: 'rounded,filled', fillcolor: '#d7f0d8', color: '#3c7a45' },
  end: { shape: 'box', style: 'rounded,filled', fillcolor: '#d7f0d8', color: '#3c7a45' },
  condition: {
    shape: 'diamond',
    style: 'filled',
    fillcolor: '#fdf0c4',
    color: '#9a7a12',
    fixedsize: true,
    width: 1.9,
    height: 0.84,
  },
  action: { shape: 'box', style: 'filled', fillcolor: '#dde9f8', color: '#3b6296' },
  'input/output': {
    shape: 'parallelogram',
    style: 'filled',
    fillcolor: '#ebe2f6',
    color: '#6f4d9c',
    fixedsize: true,
    width: 1.75,
    height: 0.5,
  },
  catch: { shape: 'octagon', style: 'filled', fillcolor: '#fadcd8', color: '#b03a2e' },
};

const clusterColors: Record<Cluster, { fillcolor: string; color: string }> = {
  main: { fillcolor: '#fafbfc', color: '#8c98a4' },
  diff: { fillcolor: '#f7fafd', color: '#3b6296' },
  log: { fillcolor: '#fdf7f6', color: '#b03a2e' },
  'upload log': { fillcolor: '#fdf7f6', color: '#b03a2e' },
};

const frameLook = { labeljust: 'l', fontsize: 12, style: 'filled,rounded' } as const;

/** Returns the flow in the DOT language, without the labels of edges: see `edge-labels.ts`. */
export function flowAsDot(): string {
  const graph = digraph('chbackup', { splines: 'ortho', bgcolor: 'white', fontname: fontName });
  graph.attributes.node.apply({ fontname: fontName, fontsize: 11, height: 0.42, width: 1.35 });
  graph.attributes.edge.apply({ fontname: fontName, arrowsize: 0.7, color: '#444c54' });
  for (const [cluster, colors] of entries(clusterColors)) {
    const frame = { ...frameLook, ...colors, label: cluster, bb: frameOf(cluster) };
    graph.subgraph(`cluster ${cluster}`, frame, (box) => {
      for (const step of stepsOf(cluster)) box.node(step, attributesOf(step, nodes[step]));
    });
  }
  for (const { from, to } of drawnEdges()) {
    graph.edge([from, to], isBothWays(from, to) ? { dir: 'both' } : {});
  }
  for (const [name, { label, step, back }] of entries(notes)) {
    graph.node(name, { label, shape: 'plaintext', fontsize: 10, pos: positionOf(name) });
    graph.edge([name, step], { style: 'dashed', ...(back && { dir: 'both' }) });
  }
  return toDot(graph);
}

/** Returns the edges to draw: moves in both directions become one line with two heads. */
export function drawnEdges(): FlowEdge[] {
  return edges.filter(({ from, to, label }) => label !== undefined || !isBothWays(from, to));
}

function isBothWays(from: Step, to: Step): boolean {
  return edges.some((edge) => edge.from === to && edge.to === from);
}

function attributesOf(step: Step, { kind, label, asksServer }: FlowNode): NodeAttributesObject {
  const penwidth = asksServer ? 2.6 : 1;
  return { label, penwidth, id: step, pos: positionOf(step), ...looks[kind] };
}

function stepsOf(cluster: Cluster): Step[] {
  return entries(nodes).flatMap(([step, node]) => (node.cluster === cluster ? [step] : []));
}

function centerOf(name: Drawn): { x: number; y: number } {
  const row = page.findIndex((names) => names.includes(name));
  if (row < 0) throw new Error(`diagram/dot.ts has no place for '${name}': put it on the page`);
  const column = page[row]?.indexOf(name) ?? 0;
  const above = page.slice(0, row).reduce((sum, names) => sum + heightOf(names), 0);
  return {
    x: (column + 0.5) * columnWidth + (column < 2 ? 0 : gapWidth),
    y: -above - heightOf(page[row] ?? []) / 2,
  };
}

function heightOf(row: readonly (Drawn | '')[]): number {
  if (row.length === 0) return gapHeight;
  return row.some(isCondition) ? conditionHeight : rowHeight;
}

function isCondition(name: string): boolean {
  return name in nodes && nodes[name as Step].kind === 'condition';
}

function positionOf(name: Drawn): string {
  const { x, y } = centerOf(name);
  return `${x},${y}!`;
}

/** Returns left, bottom, right and top of a cluster's frame. */
function frameOf(cluster: Cluster): string {
  const noted = entries(notes).flatMap(([name, { step }]) =>
    nodes[step].cluster === cluster ? [name] : [],
  );
  const centers = [...stepsOf(cluster), ...noted].map(centerOf);
  const [xs, ys] = [centers.map(({ x }) => x), centers.map(({ y }) => y)];
  const left = Math.min(...xs) - columnWidth / 2;
  const [below, above] = [32, 46];
  return [
    left === 0 ? left - 6 : left - gapWidth + 5,
    Math.min(...ys) - below,
    Math.max(...xs) + columnWidth / 2,
    Math.max(...ys) + above,
  ].join(',');
}

function entries<Key extends string, Value>(record: Record<Key, Value>): [Key, Value][] {
  return Object.entries(record) as [Key, Value][];
}
