/** A table of a backup, as the metadata of the table shows it. */
export interface BackupTable {
  database: string;
  name: string;
  /** The number of its parts: 0 for an empty table and for engines without parts. */
  parts: number;
  /** False: the server could not read the table's metadata. */
  isReadable: boolean;
}

/** Returns the tables with parts in the base of which the backup has no parts, or which it lacks. */
export function findLostTables(
  base: readonly BackupTable[],
  backup: readonly BackupTable[],
): BackupTable[] {
  const keyOf = ({ database, name }: BackupTable) => JSON.stringify([database, name]);
  const kept = new Set(backup.filter(({ parts }) => parts > 0).map(keyOf));
  return base.filter((table) => table.parts > 0 && !kept.has(keyOf(table)));
}
