import { BlockList, isIP } from 'node:net';

// The service names the hosts that a ready-check asks. Its answer must not make the runner ask
// machines of the runner's own network, so addresses that are not of the public internet are out.

// Special-purpose blocks of the IANA registry for IPv4 (RFC 6890 and later).
const notPublicV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const;

// Of IPv6, only 2000::/3 is handed out for the public internet; these parts of it are not, or hold
// an IPv4 address of any kind.
const notPublicV6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const globalV6 = new BlockList();
globalV6.addSubnet('2000::', 3, 'ipv6');
const refused = new BlockList();
for (const [net, prefix] of notPublicV4) refused.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of notPublicV6) refused.addSubnet(net, prefix, 'ipv6');

/** Whether an IP address is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refused.check(address, 'ipv4');
    case 6:
      return globalV6.check(address, 'ipv6') && !refused.check(address, 'ipv6');
    default:
      return false;
  }
}

const loopbackHosts = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether a URL's host is this machine. */
export function isLoopbackHost(hostname: string): boolean {
  return loopbackHosts.test(hostname);
}
