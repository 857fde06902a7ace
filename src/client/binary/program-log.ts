import { presentable } from '../../text.js';

interface LogEntry {
  level: 'info' | 'warning' | 'error' | 'fatal';
  text: string;
}

/** `2023/08/28 19:36:35.123456 error msg   key=v`; fatal is called error too (contract §8). */
const oldLine = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d+ +(debug|info|warn|error) (.*)$/;
/** `2025-07-29 15:42:09.000 FTL pkg/x.go:12 > msg, key=v`. */
const newLine = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ (TRC|DBG|INF|WRN|ERR|FTL|PNC) (.*)$/;

const levels: Record<string, LogEntry['level']> = {
  warn: 'warning',
  WRN: 'warning',
  error: 'error',
  ERR: 'error',
  FTL: 'fatal',
  PNC: 'fatal',
};

/**
 * The log lines among what the program wrote. An error may go on over several lines; where its
 * stack begins (since 2.6.40) it ends.
 */
export function logEntries(text: string): LogEntry[] {
  const found: { level: LogEntry['level']; lines: string[]; open: boolean }[] = [];
  for (const line of stripEscapes(text).split(/\r?\n/)) {
    const match = oldLine.exec(line) ?? newLine.exec(line);
    const last = found.at(-1);
    if (match !== null) {
      const level = levels[match[1] ?? ''] ?? 'info';
      const open = level === 'error' || level === 'fatal';
      found.push({ level, lines: [(match[2] ?? '').replace(/^\S+:\d+ > /, '')], open });
    } else if (last?.open) {
      if (line.startsWith('stack:')) last.open = false;
      else last.lines.push(line);
    }
  }
  return found.map(({ level, lines }) => ({ level, text: messageOf(lines.join('\n')) }));
}

/** What the program says went wrong, on one line; empty if it says nothing. */
export function errorText(stdout: string, stderr: string): string {
  const entries = [...logEntries(stdout), ...logEntries(stderr)];
  const last =
    entries.findLast(({ level }) => level === 'fatal') ??
    entries.findLast(({ level }) => level === 'error');
  const panic = /^(?:panic|fatal error): .*$/m.exec(stderr)?.[0];
  return presentable(last?.text ?? panic ?? '') || lastWords(`${stdout}\n${stderr}`);
}

/** The last line written, whatever it is. */
export function lastWords(text: string): string {
  const line = stripEscapes(text)
    .split(/\r?\n/)
    .findLast((each) => each.trim() !== '');
  if (line === undefined) return '';
  return presentable(logEntries(line)[0]?.text ?? line);
}

/** `error="text"` (up to 2.6.39, quoted as Go does where needed), `msg, error=text` (since). */
function messageOf(text: string): string {
  const match = /^(.*?),? ?(?:^|(?<=[\s,]))error=(.*)$/s.exec(text);
  if (match === null) return presentable(text);
  const [, before = '', value = ''] = match;
  const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(value)?.[1];
  const error = quoted === undefined ? value : unquote(quoted);
  const prefix = presentable(before.replace(/,\s*$/, ''));
  return presentable(prefix === '' ? error : `${prefix}: ${error}`);
}

function unquote(text: string): string {
  return text.replace(/\\(x..|u....|U.{8}|.)/gs, (whole, escape: string) => {
    if (/^[xuU][\da-f]{2,}$/i.test(escape)) {
      const code = Number.parseInt(escape.slice(1), 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : '';
    }
    if (escape === '"' || escape === '\\') return escape;
    return 'nrtabfv'.includes(escape) ? ' ' : whole;
  });
}

/** Enough to see the lines as they are; what is shown goes through `presentable` besides. */
function stripEscapes(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/\u001b\[[0-9;]*m/g, '');
}
