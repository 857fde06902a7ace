import type { Capabilities } from './client.js';

/** The first version of clickhouse-backup with each capability, for comparisons and hints. */
export const since = {
  /** clickhouse-backup-api.md#remote-bases */
  diffFromRemoteSafe: '2.7.0',
  /** clickhouse-backup-api.md#tables-of-a-backup */
  tableMetadata: '2.7.0',
  /** clickhouse-backup-api.md#mappings */
  tableMapping: '2.5.20',
  /** clickhouse-backup-api.md#mappings */
  tableMappingAlone: '2.6.40',
  /** clickhouse-backup-api.md#replica-check */
  checkReplicasSwitch: '2.5.13',
  /** clickhouse-backup-api.md#program-lock */
  seesOthersWork: '2.6.27',
  /**
   * 2.4.29, but `/backup/version` shows versions from 2.5.9 on only
   * (clickhouse-backup-api.md#list-lock, clickhouse-backup-api.md#version).
   */
  listIsHarmless: '2.5.9',
} as const;

/** The versions assumed for one that is not a number, with and without the command `rebase`. */
const unnumbered = { withRebase: '2.8.0', without: '2.4.0' };

/**
 * Returns the capabilities of a version. One that is not a number is treated as 2.8.0 if it has the
 * command `rebase`, otherwise as the oldest (clickhouse-backup-api.md#version).
 */
export function capabilitiesOf(
  version: string,
  hasRebase: boolean,
): Capabilities & { isNumber: boolean } {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  const fallback = hasRebase ? unnumbered.withRebase : unnumbered.without;
  const number = match === null ? partsOf(fallback) : match.slice(1, 4).map(Number);
  const atLeast = (wanted: string) => {
    const parts = partsOf(wanted);
    const at = parts.findIndex((part, index) => part !== number[index]);
    return at === -1 || (number[at] ?? 0) > (parts[at] ?? 0);
  };
  return {
    version,
    isNumber: match !== null,
    diffFromRemoteSafe: atLeast(since.diffFromRemoteSafe),
    tableMetadata: atLeast(since.tableMetadata),
    tableMapping: atLeast(since.tableMapping),
    tableMappingAlone: atLeast(since.tableMappingAlone),
    checkReplicasSwitch: atLeast(since.checkReplicasSwitch),
    seesOthersWork: atLeast(since.seesOthersWork),
    listIsHarmless: atLeast(since.listIsHarmless),
  };
}

function partsOf(version: string): number[] {
  return version.split('.').map(Number);
}
