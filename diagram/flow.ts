import { type Step, steps } from '../src/use-cases/steps.js';

export type NodeKind = 'start' | 'end' | 'condition' | 'action' | 'catch' | 'input/output';

export type Cluster = 'main' | 'diff' | 'log' | 'upload log';

export interface FlowNode {
  kind: NodeKind;
  cluster: Cluster;
  /** The text of the node, two to four words; `\n` starts a new line. */
  label: string;
  /** The step sends requests, so it can move to `wait-for-server` and back. */
  asksServer?: true;
  /** In a shard, the replica may be down by now, so that the step can move to `check-server`. */
  mayHandOver?: true;
  /** An error, a signal or a timeout may end the step, so it can move to `give-up`. */
  mayFail?: true;
}

export interface FlowEdge {
  from: Step;
  to: Step;
  label?: string;
}

/** The nodes for the steps of create-full and create-diff, which the program reports by name. */
const written = {
  start: { kind: 'start', cluster: 'main', label: 'create-full\nor create-diff' },
  'young-enough': {
    kind: 'condition',
    cluster: 'main',
    label: 'Last backup\nis young?',
  },
  'known-host': {
    kind: 'condition',
    cluster: 'main',
    label: 'Files of\nthis host?',
    mayFail: true,
  },
  'check-new-host': {
    kind: 'action',
    cluster: 'main',
    label: 'Check that\nit is usable',
    mayFail: true,
  },
  lock: { kind: 'condition', cluster: 'main', label: 'Host lock\nfree?', mayFail: true },
  'wait-for-lock': { kind: 'action', cluster: 'main', label: 'Wait for turn', mayFail: true },
  'check-server': {
    kind: 'action',
    cluster: 'main',
    label: 'Check that\nClickHouse answers',
    mayFail: true,
  },
  journal: { kind: 'condition', cluster: 'main', label: 'Interrupted\nrun?', mayFail: true },
  recover: {
    kind: 'condition',
    cluster: 'main',
    label: 'Its upload\nverified?',
    asksServer: true,
    mayHandOver: true,
    mayFail: true,
  },
  recovered: {
    kind: 'input/output',
    cluster: 'main',
    label: 'Record it late',
    mayFail: true,
  },
  'young-now': {
    kind: 'condition',
    cluster: 'main',
    label: 'Young backup\nby now?',
    asksServer: true,
    mayHandOver: true,
    mayFail: true,
  },
  kind: { kind: 'condition', cluster: 'main', label: 'FULL\nor DIFF?' },
  'list-names': {
    kind: 'input/output',
    cluster: 'main',
    label: 'List local\nbackups',
    asksServer: true,
    mayHandOver: true,
    mayFail: true,
  },

  'read-last-backup': {
    kind: 'input/output',
    cluster: 'diff',
    label: 'Read name of\nlast backup',
    mayFail: true,
  },
  'verify-base': {
    kind: 'condition',
    cluster: 'diff',
    label: 'Base verified\non remote?',
    asksServer: true,
    mayHandOver: true,
    mayFail: true,
  },
  'retry-base': {
    kind: 'action',
    cluster: 'diff',
    label: 'Wait, list\nagain',
    mayFail: true,
  },
  'limit-chain': { kind: 'condition', cluster: 'diff', label: 'Chain at\nits limit?' },
  'note-full': { kind: 'input/output', cluster: 'main', label: 'Note: full\nby limit' },
  'check-base': {
    kind: 'condition',
    cluster: 'diff',
    label: 'Tables\nreadable?',
    mayFail: true,
  },
  'retry-check': {
    kind: 'action',
    cluster: 'diff',
    label: 'Wait, then\nlist again',
    asksServer: true,
    mayHandOver: true,
    mayFail: true,
  },
  'storage-empty': { kind: 'condition', cluster: 'diff', label: 'Remote list\nempty?' },
  'without-base': { kind: 'condition', cluster: 'diff', label: 'Full upload\nallowed?' },
  'warn-no-base': { kind: 'input/output', cluster: 'diff', label: 'Warn: full\ninstead' },

  'note-tables': {
    kind: 'action',
    cluster: 'main',
    label: 'Note tables\nwith unsaved rows',
    mayFail: true,
  },
  'reserve-name': {
    kind: 'action',
    cluster: 'main',
    label: 'Reserve name,\nwrite journal',
    mayFail: true,
  },
  create: {
    kind: 'action',
    cluster: 'main',
    label: 'Create backup',
    asksServer: true,
    mayHandOver: true,
    mayFail: true,
  },
  created: { kind: 'condition', cluster: 'main', label: 'How did\nit end?' },
  'find-copy': {
    kind: 'condition',
    cluster: 'main',
    label: 'Local copy\nok?',
    asksServer: true,
    mayFail: true,
  },
  'create-error': { kind: 'catch', cluster: 'log', label: 'Create failed', mayFail: true },
  'choose-base-use': {
    kind: 'condition',
    cluster: 'main',
    label: 'Base missing,\nold server?',
    asksServer: true,
    mayFail: true,
  },
  'warn-other-base': {
    kind: 'input/output',
    cluster: 'main',
    label: 'Warn: other\nbase, or full',
    mayFail: true,
  },
  upload: {
    kind: 'action',
    cluster: 'main',
    label: 'Upload backup',
    asksServer: true,
    mayFail: true,
  },
  uploaded: { kind: 'condition', cluster: 'main', label: 'Own files\nuploaded?' },
  'verify-upload': {
    kind: 'condition',
    cluster: 'main',
    label: 'Upload verified\non remote?',
    asksServer: true,
    mayFail: true,
  },
  'retry-upload': {
    kind: 'action',
    cluster: 'main',
    label: 'Wait, check\nagain',
    mayFail: true,
  },
  record: { kind: 'input/output', cluster: 'main', label: 'Record as\nlast backup', mayFail: true },
  'upload-error': { kind: 'catch', cluster: 'upload log', label: 'Upload failed', mayFail: true },
  'log-upload-error': { kind: 'input/output', cluster: 'upload log', label: 'Log upload\nerror' },

  'wait-for-server': {
    kind: 'action',
    cluster: 'main',
    label: 'Wait: server\nis busy',
    mayFail: true,
  },
  'give-up': { kind: 'catch', cluster: 'log', label: 'Give up' },
  'log-error': { kind: 'input/output', cluster: 'log', label: 'Log error\nof known host' },
  end: { kind: 'end', cluster: 'main', label: 'Unlock, exit' },
} satisfies Partial<Record<Step, FlowNode>>;

/** Makes the compiler report a step that is missing above. */
true satisfies [Undrawn] extends [never]
  ? true
  : `diagram/flow.ts does not draw the step '${Undrawn}': add it to the nodes there, and its moves to the edges`;
type Undrawn = Exclude<Step, keyof typeof written>;

export const nodes = written as Record<Step, FlowNode>;

/** The moves from step to step, without those that `notes` represent. */
export const edges: readonly FlowEdge[] = [
  { from: 'start', to: 'young-enough' },
  { from: 'young-enough', to: 'known-host', label: 'no' },
  { from: 'young-enough', to: 'end', label: 'yes' },
  { from: 'known-host', to: 'lock', label: 'yes' },
  { from: 'known-host', to: 'check-new-host', label: 'no' },
  { from: 'check-new-host', to: 'lock' },
  { from: 'lock', to: 'wait-for-lock', label: 'no' },
  { from: 'wait-for-lock', to: 'lock' },
  { from: 'lock', to: 'check-server', label: 'yes' },
  { from: 'check-server', to: 'journal' },
  { from: 'journal', to: 'recover', label: 'yes' },
  { from: 'recover', to: 'recovered', label: 'yes' },
  { from: 'recover', to: 'young-now', label: 'no: warn' },
  { from: 'recovered', to: 'young-now' },
  { from: 'journal', to: 'young-now', label: 'no' },
  { from: 'young-now', to: 'kind', label: 'no' },
  { from: 'young-now', to: 'end', label: 'yes' },
  { from: 'kind', to: 'list-names', label: 'FULL' },
  { from: 'list-names', to: 'note-tables' },

  { from: 'kind', to: 'read-last-backup', label: 'DIFF' },
  { from: 'read-last-backup', to: 'verify-base' },
  { from: 'verify-base', to: 'limit-chain', label: 'yes' },
  { from: 'verify-base', to: 'retry-base', label: 'not yet' },
  { from: 'retry-base', to: 'verify-base' },
  { from: 'verify-base', to: 'storage-empty', label: 'no' },
  { from: 'verify-base', to: 'without-base', label: 'no file' },
  { from: 'limit-chain', to: 'note-full', label: 'yes' },
  { from: 'limit-chain', to: 'check-base', label: 'no' },
  { from: 'note-full', to: 'note-tables' },
  { from: 'check-base', to: 'note-tables', label: 'yes' },
  { from: 'check-base', to: 'retry-check', label: 'not yet' },
  { from: 'retry-check', to: 'check-base' },
  { from: 'check-base', to: 'without-base', label: 'no' },
  { from: 'storage-empty', to: 'give-up', label: 'yes' },
  { from: 'storage-empty', to: 'without-base', label: 'no' },
  { from: 'without-base', to: 'give-up', label: 'no' },
  { from: 'without-base', to: 'warn-no-base', label: 'yes' },
  { from: 'warn-no-base', to: 'note-tables' },

  { from: 'note-tables', to: 'reserve-name' },
  { from: 'reserve-name', to: 'create' },
  { from: 'create', to: 'created' },
  { from: 'created', to: 'choose-base-use', label: 'success' },
  { from: 'created', to: 'find-copy', label: 'unknown' },
  { from: 'created', to: 'create-error', label: 'error' },
  { from: 'find-copy', to: 'choose-base-use', label: 'yes' },
  { from: 'find-copy', to: 'create-error', label: 'no' },
  { from: 'choose-base-use', to: 'upload', label: 'no' },
  { from: 'choose-base-use', to: 'warn-other-base', label: 'yes' },
  { from: 'warn-other-base', to: 'upload' },
  { from: 'upload', to: 'uploaded' },
  { from: 'uploaded', to: 'verify-upload', label: 'yes' },
  { from: 'uploaded', to: 'warn-other-base', label: 'base refused' },
  { from: 'uploaded', to: 'upload-error', label: 'no' },
  { from: 'verify-upload', to: 'record', label: 'yes' },
  { from: 'verify-upload', to: 'retry-upload', label: 'not yet' },
  { from: 'retry-upload', to: 'verify-upload' },
  { from: 'verify-upload', to: 'upload-error', label: 'no' },
  { from: 'record', to: 'end' },

  { from: 'create-error', to: 'log-error' },
  { from: 'give-up', to: 'log-error' },
  { from: 'log-error', to: 'end' },
  { from: 'upload-error', to: 'log-upload-error' },
  { from: 'log-upload-error', to: 'end' },
];

/** Moves that many steps can make, which are drawn once, from a note. */
export const notes = {
  asksServer: { label: 'bold frame:\nasks the server', step: 'wait-for-server', back: true },
  mayHandOver: {
    label: 'until the create:\nreplica is down',
    step: 'check-server',
    back: false,
  },
  mayFail: { label: 'any step: error,\nsignal, timeout', step: 'give-up', back: false },
} as const satisfies Record<string, { label: string; step: Step; back: boolean }>;

/** Returns every move that the program may make: the edges, and those that notes represent. */
export function allMoves(): { from: Step; to: Step }[] {
  return [
    ...edges.map(({ from, to }) => ({ from, to })),
    ...steps.flatMap((step) => [
      // `?.` because a test uses a step without a node.
      ...(nodes[step]?.asksServer
        ? [
            { from: step, to: notes.asksServer.step },
            { from: notes.asksServer.step, to: step },
          ]
        : []),
      ...(nodes[step]?.mayHandOver ? [{ from: step, to: notes.mayHandOver.step }] : []),
      ...(nodes[step]?.mayFail ? [{ from: step, to: notes.mayFail.step }] : []),
    ]),
  ];
}
