import Table from 'cli-table3';
import prettyBytes from 'pretty-bytes';
import prettyMs from 'pretty-ms';

const none = '';
const borderless = {
  top: none,
  'top-mid': none,
  'top-left': none,
  'top-right': none,
  bottom: none,
  'bottom-mid': none,
  'bottom-left': none,
  'bottom-right': none,
  left: none,
  'left-mid': none,
  mid: none,
  'mid-mid': none,
  right: none,
  'right-mid': none,
  middle: '  ',
};

/** Columns without lines around them; no blanks at the ends of lines. */
export function formatTable(rows: string[][]): string {
  if (rows.length === 0) return '';
  const table = new Table({
    chars: borderless,
    style: { 'padding-left': 0, 'padding-right': 0, border: [], head: [] },
  });
  table.push(...rows);
  const lines = table.toString().split('\n');
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

export function formatBytes(bytes: number): string {
  return prettyBytes(bytes, { binary: true });
}

/** `3d 4h`, for an age or a duration. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return prettyMs(seconds * 1000, { unitCount: 2 });
}
