/**
 * Returns a function that removes the password from texts that chbackup did not write: errors of the
 * server, unexpected exceptions.
 */
export function createRedactor(
  credentials: { user: string; password: string } | undefined,
): (text: string) => string {
  const password = credentials?.password ?? '';
  if (credentials === undefined || password === '') return (text) => text;
  const encoded = Buffer.from(`${credentials.user}:${password}`, 'utf8').toString('base64');
  const forms = [
    encoded,
    password,
    encodeURIComponent(password),
    JSON.stringify(password).slice(1, -1),
  ];
  return (text) => forms.reduce((clean, form) => clean.replaceAll(form, '***'), text);
}
