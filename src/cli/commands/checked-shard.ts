import { badnessOf, type CheckResult, type Verdict, verdictOf } from '../../backup/check-result.js';

/** The result for one shard, with what people see of it. */
export interface CheckedShard {
  /** As typed; a description as long as it may be a password in the wrong place. */
  label: string;
  /** The replicas as typed, the preferred one first; empty if they may not be shown. */
  replicas: readonly string[];
  /** HOST in the names of the shard's files; undefined if it may not be shown, or is unknown. */
  files: string | undefined;
  /** The log directory has any of these files. */
  hasFiles: boolean;
  result: CheckResult;
}

/** Returns the verdict of all shards. */
export function verdictOfAll(shards: readonly CheckedShard[]): Verdict {
  return verdictOf(shards.flatMap(({ result }) => result.checks));
}

/** Returns the shards, the worst first, otherwise in their order. */
export function worstFirst(shards: readonly CheckedShard[]): CheckedShard[] {
  const rankOf = ({ result }: CheckedShard) => badnessOf(result.checks);
  return shards.toSorted((one, other) => rankOf(other) - rankOf(one));
}
