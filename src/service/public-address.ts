import { BlockList, isIP } from 'node:net';

// The service names the hosts that a ready-check asks: none of them may be in the runner's own network.

// Of IPv6, only 2000::/3 is handed out for the public internet. Out are the special-purpose blocks of
// IANA's registries (RFC 6890 and later), and parts of IPv6 that hold an IPv4 address of any kind.
const globalV6 = blockList('2000::/3');
const specialBlocks = blockList(
  `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
   192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
   224.0.0.0/3 2001::/23 2001:db8::/32 2002::/16 3fff::/20`,
);

function blockList(blocks: string): BlockList {
  const list = new BlockList();
  for (const block of blocks.split(/\s+/)) {
    const [net = '', prefix] = block.split('/');
    list.addSubnet(net, Number(prefix), isIP(net) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** Whether an IP address is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !specialBlocks.check(address, 'ipv4');
  return globalV6.check(address, 'ipv6') && !specialBlocks.check(address, 'ipv6');
}

const loopbackHosts = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether a URL's host is this machine. */
export function isLoopbackHost(hostname: string): boolean {
  return loopbackHosts.test(hostname);
}
