import type { Redirect } from './transport.js';

const defaultPorts: Record<string, string> = { 'http:': '80', 'https:': '443' };

/**
 * Reads the `Location` of a redirect. Of another host, only its address is returned: the rest may
 * contain credentials or tokens. undefined if there is no `location`, or it is not an http address.
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
  // With its port: a host without one means 7171.
  const host = `${to.protocol}//${to.hostname}:${port}`;
  return { to: host, samePath: to.pathname === from.pathname };
}
