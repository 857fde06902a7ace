import { presentable } from '../../text.js';

interface LogEntry {
  level: 'info' | 'warning' | 'error' | 'fatal';
  text: string;
}

/**
 * A line such as `2023/08/28 19:36:35.123456 error msg   key=v`. A fatal error also has the level
 * `error` (clickhouse-backup-api.md#program-log).
 */
const oldLine = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d+ +(debug|info|warn|error) (.*)$/;
/** A line such as `2025-07-29 15:42:09.000 FTL pkg/x.go:12 > msg, key=v`. */
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
 * Returns the log lines in the program's output. An error may have several lines; it ends where its stack
 * begins (since 2.6.40).
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

/** Returns the error that the program printed, on one line; an empty text if it printed nothing. */
export function errorText(stdout: string, stderr: string): string {
  const entries = [...logEntries(stdout), ...logEntries(stderr)];
  const last =
    entries.findLast(({ level }) => level === 'fatal') ??
    entries.findLast(({ level }) => level === 'error');
  const panic = /^(?:panic|fatal error): .*$/m.exec(stderr)?.[0];
  return presentable(last?.text ?? panic ?? '') || lastWords(`${stdout}\n${stderr}`);
}

/** Returns the last line of the output; an empty text if there is none. */
export function lastWords(text: string): string {
  const line = stripEscapes(text)
    .split(/\r?\n/)
    .findLast((each) => each.trim() !== '');
  if (line === undefined) return '';
  return presentable(logEntries(line)[0]?.text ?? line);
}

/** Returns the error in a log line: `error="text"` up to 2.6.39, quoted as in Go, or `msg, error=text`. */
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

/** Removes colors, so that lines can be parsed; `presentable` removes the rest from what is shown. */
function stripEscapes(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/\u001b\[[0-9;]*m/g, '');
}
