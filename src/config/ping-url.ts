const hint = 'write it as https://hc-ping.com/UUID or https://hc-ping.com/KEY/{command}';

/**
 * Returns what is wrong with a ping URL, followed by `; ` and the hint; undefined if it is valid. Never
 * repeats any part of the URL, which is a secret.
 */
export function pingUrlProblem(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text)) return `is not an http or https URL; ${hint}`;
  const filled = text.replaceAll(/\{(?:command|shard)\}/g, 'x');
  if (/[{}]/.test(filled)) {
    return 'contains a placeholder that does not exist; only {command} and {shard} are filled in';
  }
  if (/^[^/]*\/\/[^/?]*\{/.test(text)) {
    return `contains a placeholder in its host; ${hint}`;
  }
  if (/[\s#]/.test(text)) return `contains a space or a fragment (#); ${hint}`;
  return isUsable(filled) ? undefined : `is not a valid URL; ${hint}`;
}

function isUsable(text: string): boolean {
  try {
    const { username, password } = new URL(text);
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}
