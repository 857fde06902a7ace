const units: Record<string, number> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** Bytes, as near as `8.05MiB` tells; undefined for `???` and anything else. */
export function bytesOf(size: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT]i)?B$/.exec(size);
  if (match === null) return undefined;
  const [, number = '', prefix = ''] = match;
  return Math.round(Number(number) * (units[`${prefix}B`] ?? 1));
}
