import type { Capabilities } from './client.js';

/**
 * What a version can do (wire contract §2, §5, §7). A version that is no number counts as 2.8.0
 * if it knows `rebase`, else as the oldest.
 */
export function capabilitiesOf(
  version: string,
  hasRebase: boolean,
): Capabilities & { isNumber: boolean } {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  const fallback = hasRebase ? [2, 8, 0] : [2, 4, 0];
  const number = match === null ? fallback : match.slice(1, 4).map(Number);
  const atLeast = (...wanted: number[]) => {
    const at = wanted.findIndex((part, index) => part !== number[index]);
    return at === -1 || (number[at] ?? 0) > (wanted[at] ?? 0);
  };
  return {
    version,
    isNumber: match !== null,
    diffFromRemoteSafe: atLeast(2, 7, 0),
    tableMapping: atLeast(2, 5, 20),
    tableMappingAlone: atLeast(2, 6, 40),
    checkReplicasSwitch: atLeast(2, 5, 13),
    seesOthersWork: atLeast(2, 6, 27),
    listIsHarmless: atLeast(2, 5, 9),
  };
}
