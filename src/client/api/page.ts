/** How far into a page its title is looked for. */
const headLength = 4096;

/**
 * The title of an HTML or XML page, or its first heading, or ''; undefined if `body` is not a page.
 * Proxies and web sites answer with pages, clickhouse-backup never does.
 */
export function titleOfPage(body: string): string | undefined {
  const head = body.slice(0, headLength).trimStart();
  if (!/^<[!?a-z]/i.test(head)) return undefined;
  return /<(?:title|h1)\b[^>]*>([^<]*)/i.exec(head)?.[1]?.trim() ?? '';
}
