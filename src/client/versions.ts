import type { Capabilities } from './client.js';

/** The first version of clickhouse-backup that has each ability; comparisons and hints use this. */
export const since = {
  diffFromRemoteSafe: '2.7.0',
  tableMapping: '2.5.20',
  tableMappingAlone: '2.6.40',
  checkReplicasSwitch: '2.5.13',
  seesOthersWork: '2.6.27',
  /** `/backup/version` tells the version from here on; a list is harmless since 2.4.29. */
  listIsHarmless: '2.5.9',
} as const;

/** What a version counts as that is not a number, with and without the command `rebase`. */
const unnumbered = { withRebase: '2.8.0', without: '2.4.0' };

/**
 * What a version can do (wire contract §2, §5, §7). A version that is no number counts as 2.8.0
 * if it knows `rebase`, else as the oldest.
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
