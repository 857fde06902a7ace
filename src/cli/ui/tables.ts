import Table from 'cli-table3';

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

/** Returns the lines of a table without borders and trailing spaces. */
export function layOut(cells: string[][]): string[] {
  if (cells.length === 0) return [];
  const table = new Table({
    chars: borderless,
    style: { 'padding-left': 0, 'padding-right': 0, border: [], head: [] },
  });
  table.push(...cells);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}
