import type { Redirect } from './transport.js';

const defaultPorts: Record<string, string> = { 'http:': '80', 'https:': '443' };

/**
 * Parses the `Location` of a redirect. For another host, returns only its address, because the rest
 * may contain credentials or tokens. Returns undefined if there is no `location`, or if it is not an
 * http address.
 */
export function readRedirect(
  location: string | undefined,
  requested: string,
): Redirect | undefined {
  if (location === undefined || !URL.canParse(location, requested)) return undefined;
  const from = new URL(requested);
  const to = new URL(location, from);
  const port = to.port || defaultPorts[to.protocol];
  if (port === undefined) return undefined;
  if (to.origin === from.origin) return { to: to.pathname, samePath: false };
  // The port is always included, because chbackup uses port 7171 for a host without one.
  const host = `${to.protocol}//${to.hostname}:${port}`;
  return { to: host, samePath: to.pathname === from.pathname };
}
