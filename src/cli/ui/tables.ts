import stringWidth from 'string-width';

/** The width up to which a name sets the width of its column where lines may be of any length. */
const longestName = 60;
/** The indentation of a text that continues below its row. */
const indentation = 6;

export interface TableOptions {
  /** The columns of the terminal; undefined where lines may be of any length, such as in a pipe. */
  width: number | undefined;
  /** The column of the names. A name too long for it moves the other cells, on a terminal to a new line. */
  nameColumn: number;
  /** The first row has the titles of the columns. */
  hasTitles?: boolean;
  /** What happens to a last cell that does not fit: it continues below the row, or it is cut. */
  overflow: 'below' | 'cut';
}

/**
 * Returns the lines of a table without borders and trailing spaces. Widths are those on a terminal: wide
 * characters count twice, colors not. A row with fewer cells than the first one is a text across the
 * columns.
 */
export function layOut(rows: readonly string[][], options: TableOptions): string[] {
  const count = rows[0]?.length ?? 0;
  const layout = measure(
    rows.filter((row) => row.length === count),
    options,
  );
  return rows.flatMap((row, at) => {
    if (at === 0 && options.hasTitles) return layOutTitles(row, layout, options);
    if (row.length < count) return wrap(row.join(''), options.width, indentOf(row[0] ?? '') + 2);
    return layOutRow(row, layout, options);
  });
}

interface Layout {
  /** The width of each column except the last one. */
  widths: number[];
  /** The space between two columns. */
  gap: string;
}

/** Chooses the narrow gap where it lets more rows fit into one line. */
function measure(rows: readonly string[][], { width, nameColumn }: TableOptions): Layout {
  const cellWidths = rows.map((row) => row.slice(0, -1).map((cell) => stringWidth(cell)));
  const widths = (cellWidths[0] ?? []).map((_, at) =>
    at === nameColumn ? 0 : widest(cellWidths.map((row) => row[at] ?? 0)),
  );
  const others = widths.reduce((sum, each) => sum + each, 0);
  const names = cellWidths.map((row) => row[nameColumn] ?? 0);
  const [wide, narrow] = ['  ', ' '].map((gap) => {
    const limit =
      width === undefined ? longestName : width - others - gap.length * (widths.length - 1);
    return { gap, fitting: names.filter((name) => name <= limit) };
  });
  const chosen = (narrow?.fitting.length ?? 0) > (wide?.fitting.length ?? 0) ? narrow : wide;
  const { gap = '', fitting = [] } = chosen ?? {};
  widths[nameColumn] = widest(fitting);
  return { widths, gap };
}

function widest(widths: readonly number[]): number {
  return widths.reduce((most, each) => Math.max(most, each), 0);
}

/** The title of the last column is left out if the texts of that column are below their rows. */
function layOutTitles(row: readonly string[], layout: Layout, options: TableOptions): string[] {
  const lines = layOutRow([...row], layout, options);
  return lines.length === 1 ? lines : layOutRow([...row.slice(0, -1), ''], layout, options);
}

function layOutRow(row: string[], { widths, gap }: Layout, options: TableOptions): string[] {
  const { nameColumn, width = Infinity, overflow } = options;
  const cells = [...row];
  const last = cells.pop() ?? '';
  const name = cells[nameColumn] ?? '';
  const joined = (some: readonly string[]) =>
    some.map((cell, at) => cell.padEnd(padding(cell, widths[at]))).join(gap);
  const before: string[] = [];
  if (options.width !== undefined && stringWidth(name) > (widths[nameColumn] ?? 0)) {
    before.push(joined(cells.slice(0, nameColumn + 1)));
    cells.fill('', 0, nameColumn + 1);
  }
  const start = joined(cells);
  const line = `${start}${gap}${last}`.trimEnd();
  if (stringWidth(line) <= width) return [...before, line];
  if (overflow === 'cut') return [...before, cut(line, width)];
  const indent = ' '.repeat(indentOf(name) + indentation - 2);
  return [...before, start.trimEnd(), ...wrap(`${indent}${last}`, width, indent.length)];
}

/** Returns the length, in characters, that gives a cell this width on a terminal. */
function padding(cell: string, width = 0): number {
  return cell.length + Math.max(0, width - stringWidth(cell));
}

/**
 * Breaks a text at its spaces; its later lines are indented by `indent`. A word that is too long stays
 * whole, so that it can be copied.
 */
export function wrap(text: string, width = Infinity, indent: number): string[] {
  const lines: string[] = [];
  let line = ' '.repeat(indentOf(text));
  let isEmpty = true;
  for (const word of text.trim().split(' ')) {
    if (!isEmpty && stringWidth(line) + 1 + stringWidth(word) > width) {
      lines.push(line);
      line = ' '.repeat(indent);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** Returns the text, cut if it is wider than this. */
export function fit(text: string, width: number): string {
  return stringWidth(text) <= width ? text : cut(text, Math.max(1, width));
}

/** Cuts a text. Its colors must end before the cut. */
function cut(text: string, width: number): string {
  let kept = '';
  for (const character of text) {
    if (stringWidth(kept) + stringWidth(character) >= width) break;
    kept += character;
  }
  return `${kept}…`;
}

function indentOf(text: string): number {
  return text.length - text.trimStart().length;
}
