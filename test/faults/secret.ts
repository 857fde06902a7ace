export const user = 'rlAPIuser';

/** Easy to find, hard to meet by chance; with what URLs, shells and JSON trip over. */
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

/** Whether the text tells the secret, in any of the forms that it travels in. */
export function tellsSecret(text: string): boolean {
  return forms.some((form) => text.includes(form));
}
