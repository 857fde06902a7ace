import type { Simulator } from '../simulator/simulator.js';
import { isIncomplete as isCopyIncomplete } from '../simulator/storage.js';
import { completeChain } from './list-oracle.js';

/**
 * What is actually on the remote storage. An incomplete copy
 * (clickhouse-backup-api.md#incomplete-backups) counts as ok here, because lists do not show the
 * difference.
 */
export type RemoteState = ReadonlyMap<
  string,
  { required: string; ok: boolean; incomplete: boolean }
>;

/** Returns the current state of a simulator's remote storage. */
export function remoteStateOf(simulator: Simulator): RemoteState {
  const copies = [...simulator.remote.values()].map(
    (copy) =>
      [
        copy.name,
        {
          required: copy.required,
          ok: copy.broken === undefined,
          incomplete: isCopyIncomplete(copy),
        },
      ] as const,
  );
  return new Map(copies);
}

/** True if a backup in the chain of `name` is incomplete. */
export function isIncomplete(state: RemoteState, name: string): boolean {
  const chain = completeChain((one) => state.get(one), name) ?? [];
  return chain.some((one) => state.get(one)?.incomplete);
}

/** True if the backup itself is on the storage with all its files; its bases may not be. */
export function isComplete(state: RemoteState, name: string): boolean {
  const copy = state.get(name);
  return copy !== undefined && copy.ok && !copy.incomplete;
}
