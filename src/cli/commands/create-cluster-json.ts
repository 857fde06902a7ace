import type { BackupKind } from '../../backup/backup.js';
import type { CommandRun } from '../../state/status.js';
import type { CreateResult } from '../../use-cases/create/create-backup.js';
import { endToJson, type ShardOutcome } from '../shard-outcome.js';
import { resultToJson } from './create-view.js';

/** How create-full or create-diff ended for a shard. */
export interface ShardEnd {
  outcome: ShardOutcome<CreateResult>;
  /** undefined if it never got the shard's lock. */
  run: CommandRun | undefined;
}

/** Every field of a shard, so that each is always there, in the order in which they are printed. */
const nothing = {
  host: null,
  backup: null,
  kind: null,
  base: null,
  exitCode: 0,
  error: null,
  skipped: false,
  startedAt: null,
  finishedAt: null,
  seconds: null,
  createSeconds: null,
  uploadSeconds: null,
  dataBytes: null,
  ageSeconds: null,
  notReplicated: [],
};

/** The documented shape of `--json`; see docs/clusters.md. */
export function clusterToJson(kind: BackupKind, ends: readonly ShardEnd[]): unknown {
  return {
    command: `create-${kind.toLowerCase()}`,
    complete: ends.every(({ outcome }) => outcome.kind === 'done'),
    shards: ends.map(shardToJson),
  };
}

function shardToJson({ outcome, run }: ShardEnd): object {
  const shard = outcome.kind === 'done' ? outcome.shard.label : outcome.label;
  const known = { shard, ...nothing, ...runToJson(outcome, run), ...endToJson(outcome) };
  if (outcome.kind === 'failed') return known;
  const { result } = outcome;
  const notReplicated = result.kind === 'created' ? result.created.notReplicated : [];
  return { ...known, ...resultToJson(result, run), notReplicated };
}

function runToJson({ shard }: ShardEnd['outcome'], run: CommandRun | undefined): object {
  if (run === undefined) return {};
  return {
    host: shard.replicas.find(({ fileName }) => fileName === run.replica)?.label ?? null,
    backup: run.backup ?? null,
    base: run.base ?? null,
    startedAt: run.startedAt.toISOString(),
    seconds: run.seconds,
  };
}
