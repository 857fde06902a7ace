/** How many colours: `--no-color` and NO_COLOR say none, FORCE_COLOR some, else a terminal decides. */
export function colorLevel(options: {
  noColor: boolean;
  env: Record<string, string | undefined>;
  isTerminal: boolean;
}): 0 | 1 | 2 | 3 {
  const { noColor, env, isTerminal } = options;
  if (noColor || (env['NO_COLOR'] ?? '') !== '') return 0;
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force === '0' || force === 'false' ? 0 : 1;
  return isTerminal && env['TERM'] !== 'dumb' ? 1 : 0;
}
