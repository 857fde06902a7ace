import { stripVTControlCharacters } from 'node:util';

/** Control, format (bidirectional overrides, zero-width) and lone surrogate characters. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

/** The same, without the line ends and the indentation that JSON is laid out with. */
const unprintableInJson = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}]/gu;

/** A text as one line that does nothing to a terminal or a log file. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\s+/g, ' ')
    .replace(unprintable, '')
    .replace(/ +/g, ' ')
    .trim();
}

/** JSON that does nothing to a terminal either: it leaves some such characters as they are. */
export function harmlessJson(json: string): string {
  return json.replace(unprintableInJson, (character) =>
    Array.from({ length: character.length }, (_, at) => {
      return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
    }).join(''),
  );
}

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

/** Returns the code of a system error, such as `ENOENT`; `error` if it has none. */
export function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'error';
}
