import { badnessOf, type CheckResult, type Verdict, verdictOf } from '../../backup/check-result.js';
import { exitCodes } from '../../errors.js';

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

const signalCodes: ReadonlySet<number> = new Set([exitCodes.interrupted, exitCodes.terminated]);

/**
 * Returns 0 if no shard has a critical check. 3 if only some have one; if all have, the code that they
 * share, or 1. If a signal stopped any, its code.
 */
export function exitCodeOfAll(shards: readonly CheckedShard[]): number {
  const codes = shards.map(({ result }) => result.exitCode);
  const stopped = codes.find((code) => signalCodes.has(code));
  if (stopped !== undefined) return stopped;
  const failed = codes.filter((code) => code !== exitCodes.done);
  const [first = exitCodes.done, ...others] = new Set(failed);
  if (failed.length === 0) return exitCodes.done;
  if (failed.length < codes.length) return exitCodes.partial;
  return others.length === 0 ? first : exitCodes.failed;
}

/** Returns the shards, the worst first, otherwise in their order. */
export function worstFirst(shards: readonly CheckedShard[]): CheckedShard[] {
  const rankOf = ({ result }: CheckedShard) => badnessOf(result.checks);
  return shards.toSorted((one, other) => rankOf(other) - rankOf(one));
}
