import { oneLine } from '../printable.js';

const longest = 500;
/** Enough for the above however much of it is escape sequences; a server can send far more. */
const longestRaw = 20_000;

/**
 * A text that somebody else wrote, as one line that does nothing to a terminal or a log file:
 * no escape sequences, no control characters, no more than 500 characters.
 */
export function presentable(text: string): string {
  const line = oneLine(text.slice(0, longestRaw));
  const characters = Array.from(line);
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : line;
}
