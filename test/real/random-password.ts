import { randomBytes } from 'node:crypto';

/** Returns a random password, so that a program that prints it is detected. */
export function randomPassword(): string {
  return `secret-${randomBytes(6).toString('hex')}`;
}
