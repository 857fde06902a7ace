import { earlierNames, fileSettings, settingNames, variableOf } from './names.js';

/**
 * The variables that Kubernetes sets in every container for a service whose name begins with
 * `chbackup`, such as CHBACKUP_API_SERVICE_HOST or CHBACKUP_API_PORT_7171_TCP_ADDR.
 */
const ofService =
  /^CHBACKUP_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
/** CHBACKUP_API_PORT is also one of them if it is an address; a number may be meant as a setting. */
const serviceAddress = /_PORT=(tcp|udp|sctp):\/\//;

/** Returns the variables that look like settings of chbackup but are not: most likely typos. */
export function unknownVariables(env: Record<string, string | undefined>): string[] {
  const known = new Set(settingNames.map(variableOf));
  for (const name of fileSettings) known.add(`${variableOf(name)}_FILE`);
  for (const { earlier } of earlierNames) known.add(variableOf(earlier));
  return Object.entries(env)
    .filter(([name, value = '']) => {
      const isOfService = ofService.test(name) || serviceAddress.test(`${name}=${value}`);
      return name.startsWith('CHBACKUP_') && !known.has(name) && !isOfService;
    })
    .map(([name]) => name);
}
