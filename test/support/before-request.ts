import type { HttpRequest } from '../../src/http/transport.js';
import type { Harness } from './harness.js';

/** Runs `action` right before the n-th matching request is sent. */
export function beforeRequest(
  harness: Harness,
  pattern: RegExp,
  action: (request: HttpRequest) => void,
  n = 1,
): void {
  let seen = 0;
  const open = harness.environment.transport ?? harness.transport;
  harness.environment.transport = (settings) => {
    const real = open(settings);
    return (request, signal) => {
      if (pattern.test(`${request.method} ${request.path}`) && ++seen === n) action(request);
      return real(request, signal);
    };
  };
}
