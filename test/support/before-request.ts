import type { HttpRequest } from '../../src/http/transport.js';
import type { Harness } from './harness.js';

/** Does something right before the n-th request that matches is sent: what others do meanwhile. */
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
