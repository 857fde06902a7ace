import { type ChbackupError, ResponseError, UnauthorizedError } from '../../errors.js';
import type { HttpAnswer } from '../../http/transport.js';
import { otherServer, titleOfPage } from './error-response.js';

/** Which credentials chbackup was given; `user`: a user without a password. */
export type GivenCredentials = 'none' | 'user' | 'user and password';

const howToGive = 'as arguments after the host, or with CHBACKUP_USER and CHBACKUP_PASSWORD_FILE';

/** Returns the error for 401 and 403. clickhouse-backup itself sends 401 only. */
export function unauthorized(
  label: string,
  { status, body }: HttpAnswer,
  given: GivenCredentials,
): ChbackupError {
  const other = otherServer(body);
  if (other !== undefined) {
    return new ResponseError(`${label} ${other.predicate}`, { hint: other.hint });
  }
  const isProxy = titleOfPage(body) !== undefined;
  const proxyHint =
    'the answer is from a proxy in front of clickhouse-backup; check that the proxy';
  if (given === 'none') {
    return status === 401
      ? new UnauthorizedError(`${label} requires a user and a password, and none were given`, {
          hint: isProxy
            ? `${proxyHint} and clickhouse-backup accept the same ones, and give them ${howToGive}`
            : `give them ${howToGive}`,
        })
      : new UnauthorizedError(`${label} refused the request (${status}), and no user was given`, {
          hint: `if it requires a user and a password, give them ${howToGive}`,
        });
  }
  if (given === 'user' && !isProxy) {
    return new UnauthorizedError(
      `${label} rejected the credentials (${status}): a user but no password was given`,
      { hint: 'give the password as the argument after the user, or with CHBACKUP_PASSWORD_FILE' },
    );
  }
  return new UnauthorizedError(`${label} rejected the credentials (${status})`, {
    hint: isProxy
      ? `${proxyHint} accepts user and password`
      : "check user and password against api.username and api.password in clickhouse-backup's configuration",
  });
}
