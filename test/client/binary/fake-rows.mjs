const units = [
  ['TiB', 1024 ** 4],
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
];

/** Formats bytes like FormatBytes of clickhouse-backup. */
export function humanSize(bytes) {
  const unit = units.find(([, size]) => bytes >= size);
  return unit === undefined ? `${bytes}B` : `${(bytes / unit[1]).toFixed(2)}${unit[0]}`;
}

/** Aligns columns like Go's tabwriter: every cell but the last is as wide as its column. */
function columns(rows, padding) {
  const width = (index) => Math.max(...rows.map((row) => row[index].length)) + padding;
  return rows
    .map((row) =>
      row.map((cell, i) => (i < row.length - 1 ? cell.padEnd(width(i)) : cell)).join(''),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function cells(row) {
  const size = humanSize(row.bytes ?? 0);
  return {
    required: row.required ? `+${row.required}` : '',
    size: row.broken ? '???' : `all:${size},data:${size},arch:0B,obj:0B,meta:0B,rbac:0B,conf:0B`,
    description: row.broken ?? (row.at === 'remote' ? 'tar, regular' : 'regular'),
  };
}

export function listAsText(rows, version) {
  if (version !== '2.4.0') {
    const lines = rows.map((row) => {
      const { required, size, description } = cells(row);
      return [row.name, row.created, row.at, required, size, description];
    });
    return columns(lines, 3);
  }
  const lines = rows.map((row) => {
    const [date, time] = row.created.split(' ');
    const created = `${date.split('-').reverse().join('/')} ${time}`;
    const size = row.broken || row.oldFormat ? '???' : humanSize(row.bytes ?? 0);
    const description = row.broken ?? (row.at === 'remote' ? 'tar, regular' : '');
    return [row.name, size, created, row.at, row.required ? `+${row.required}` : '', description];
  });
  return columns(lines, 3);
}

export function listAsJson(rows) {
  return JSON.stringify(
    rows.map((row) => {
      const { required, size, description } = cells(row);
      const at = new Date(row.created.replace(' ', 'T'));
      return {
        BackupName: row.name,
        CreationDate: Number.isNaN(at.getTime()) ? row.created : at.toISOString(),
        Size: size,
        Description: description,
        RequiredBackup: required,
        Type: row.at,
      };
    }),
  );
}

export function tableRows(tables, version) {
  const lines = tables.map(([name, bytes]) => {
    const parts = version === '2.8.1' ? ['0'] : [];
    return [name, humanSize(bytes), ...parts, 'default', 'full'];
  });
  return columns(lines, 2);
}
