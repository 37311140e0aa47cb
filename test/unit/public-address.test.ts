import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isPublicAddress } from '../../src/service/public-address.ts';

test.each([
  '8.8.8.8',
  '1.1.1.1',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450:4001::1',
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each([
  ['this machine', '127.0.0.1'],
  ['this machine', '127.255.255.254'],
  ['this machine', '0.0.0.0'],
  ['this machine', '::1'],
  ['this machine', '::'],
  ['a private network', '10.0.0.1'],
  ['a private network', '172.16.0.1'],
  ['a private network', '172.31.255.255'],
  ['a private network', '192.168.1.1'],
  ['a private network', 'fc00::1'],
  ['a private network', 'fd12:3456::1'],
  ['the metadata of a cloud', '169.254.169.254'],
  ['the metadata of a cloud', 'fd00:ec2::254'],
  ['a link', 'fe80::1'],
  ['a carrier', '100.64.0.1'],
  ['a carrier', '100.127.255.255'],
  ['a group', '224.0.0.1'],
  ['a group', 'ff02::1'],
  ['everyone', '255.255.255.255'],
  ['IPv4 in IPv6', '::ffff:127.0.0.1'],
  ['IPv4 in IPv6', '::ffff:8.8.8.8'],
  ['IPv4 in IPv6', '64:ff9b::7f00:1'],
  ['IPv4 in IPv6', '2002:7f00:1::'],
  ['IPv4 in IPv6', '2001:0:7f00:1::'],
  ['documentation', '192.0.2.1'],
  ['documentation', '2001:db8::1'],
  ['a name', 'localhost'],
  ['nothing', ''],
])('%s is not: %s', (_, address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test('no IPv4 address is public in the guise of an IPv6 one', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(isPublicAddress(`::ffff:${address}`)).toBe(false);
    }),
  );
});
