import type { Location } from '../backup/backup.js';

/** The sizes in a row of a list, in bytes. */
export interface ListedSizes {
  location: Location;
  description: string;
  isIncrement: boolean;
  /** Everything: `size`, or `all:` of the program. */
  allBytes: number | undefined;
  /** Everything but the data, such as metadata; undefined before 2.6.6. */
  restBytes: number | undefined;
  /** The data that was sent: `compressed_size`, or `arch:` of the program. */
  sentBytes: number | undefined;
}

/**
 * Returns how much a backup occupies on the remote storage; undefined if the row does not show it. The
 * total of a row counts the data that was sent or, if none was sent, all data. So an increment in which
 * nothing changed seems to be as large as a full backup (clickhouse-backup-api.md#list-rows).
 */
export function uploadedBytesOf(sizes: ListedSizes): number | undefined {
  const { location, description, isIncrement, allBytes, restBytes, sentBytes = 0 } = sizes;
  if (location === 'local' || allBytes === undefined || restBytes === undefined) return undefined;
  // ClickHouse itself writes the data of an embedded backup; the row shows the sum of both.
  if (description.includes('embedded')) return undefined;
  if (sentBytes > 0) return allBytes;
  return isIncrement ? restBytes : undefined;
}
