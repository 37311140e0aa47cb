import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runStep } from '../runner/step.ts';

// A server with a certificate that nobody has signed, as somebody on the way has.

const folder = mkdtempSync(join(tmpdir(), 'tls-'));
const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
const requests: string[] = [];
let server: Server;

beforeAll(async () => {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', key, '-out', cert];
  const given = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  execFileSync('openssl', [...given, ...subject, ...files], { stdio: 'ignore' });
  const options = { key: readFileSync(key), cert: readFileSync(cert) };
  server = createServer(options, (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.writeHead(403).end('{"message":"seen"}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});

afterAll(() => {
  server.close();
});

async function cookWith(env: Readonly<Record<string, string>>) {
  requests.length = 0;
  const { port } = server.address() as AddressInfo;
  return runStep({
    with: {
      recipes: '01a0114e-e7f8-4e76-a07a-f09fca41e2be',
      'api-url': `https://localhost:${port}`,
      'public-key': 'pk_1',
      'secret-key': 'sk_1',
      timeout: '40s',
    },
    env,
  });
}

test('is not trusted, whatever the environment says', async () => {
  const { log } = await cookWith({ NODE_TLS_REJECT_UNAUTHORIZED: '0' });
  expect(requests).toEqual([]);
  expect(log).toContain('NODE_TLS_REJECT_UNAUTHORIZED is ignored');
  expect(log).toContain('self-signed certificate');
}, 120_000);

test('is trusted where it is one of the certificates of NODE_EXTRA_CA_CERTS', async () => {
  const { log } = await cookWith({ NODE_EXTRA_CA_CERTS: cert });
  expect(requests).toContain('POST /v1/job-recipes/01a0114e-e7f8-4e76-a07a-f09fca41e2be/cook');
  expect(log).toContain('HTTP 403');
}, 120_000);
