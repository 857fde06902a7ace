export const user = 'rlAPIuser';

/** Contains characters that are special in URLs, shells and JSON; does not occur by chance. */
export const secret = 'Pa:s%2Fs "wörd\'$&';

export function basicAuthorization(password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

const forms = [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(`${user}:${secret}`).toString('base64'),
];

/** True if the text contains the secret, in any of the encodings in which it is sent. */
export function tellsSecret(text: string): boolean {
  return forms.some((form) => text.includes(form));
}
