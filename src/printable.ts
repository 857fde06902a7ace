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
