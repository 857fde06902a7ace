/** What must not appear in any text. */
export interface Secrets {
  credentials: { user: string; password: string } | undefined;
  pingUrl: string | undefined;
}

/** The least length of a part of the ping URL that is a secret of its own; tokens are longer. */
const shortestToken = 10;

/**
 * Returns a function that removes the secrets from texts that chbackup did not write: errors of the
 * server, unexpected exceptions.
 */
export function createRedactor({ credentials, pingUrl }: Secrets): (text: string) => string {
  const forms = [...formsOfPassword(credentials), ...formsOfUrl(pingUrl)];
  return (text) => forms.reduce((clean, form) => clean.replaceAll(form, '***'), text);
}

function formsOfPassword(credentials: Secrets['credentials']): string[] {
  const password = credentials?.password ?? '';
  if (credentials === undefined || password === '') return [];
  const encoded = Buffer.from(`${credentials.user}:${password}`, 'utf8').toString('base64');
  return [encoded, password, encodeURIComponent(password), JSON.stringify(password).slice(1, -1)];
}

/**
 * Returns the ping URL, its beginning up to a placeholder, and each part of it that may be a token. A
 * word such as `clickhouse-backup` is not one.
 */
function formsOfUrl(pingUrl: string | undefined): string[] {
  if (pingUrl === undefined) return [];
  const [start = ''] = pingUrl.split('{');
  const [, rest = ''] = /^[^/]*\/\/(.*)$/s.exec(pingUrl) ?? [];
  const [host = '', ...parts] = rest.split(/[/?&=]/);
  const [, password = ''] = /^[^:@]*:(.+)@/.exec(host) ?? [];
  const tokens = parts.filter((part) => {
    return part.length >= shortestToken && !/^[a-z-]+$/.test(part) && !part.includes('{');
  });
  const hasPath = /^[^/]*\/\/[^/]+\/./.test(start);
  const forms = [pingUrl, hasPath ? start : '', password, ...tokens];
  // The longest first, because they contain others.
  return forms
    .flatMap((form) => [form, decoded(form)])
    .filter((form) => form !== '')
    .toSorted((one, other) => other.length - one.length);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
