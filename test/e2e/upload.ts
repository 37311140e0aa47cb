import { execFile } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isMapping } from '../../src/service/json.ts';
import { listen } from '../simulator/listener.ts';
import type { Simulator } from '../simulator/types.ts';
import { until } from '../support/until.ts';
import { playExample, type ExampleScene, type PlayedExample } from './example.ts';

// An object store that takes presigned URLs, and a container that uploads to it.

const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const made = 'weights of the model';
const boto3 = fileURLToPath(new URL('boto3', import.meta.url));
const examples = fileURLToPath(new URL('../../examples', import.meta.url));

interface ObjectStore {
  readonly url: string;
  /** Method and status of each request. */
  readonly answers: readonly string[];
  readonly close: () => Promise<void>;
}

async function startStore(): Promise<ObjectStore> {
  const objects = new Map<string, string>();
  const answers: string[] = [];
  const { url, close } = await listen((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://store');
    void text(request).then((body) => {
      const isAllowed = isSigned(request);
      if (isAllowed && request.method === 'PUT') objects.set(pathname, body);
      const found = isAllowed ? objects.get(pathname) : undefined;
      response.statusCode = isAllowed ? (found === undefined ? 404 : 200) : 403;
      answers.push(`${request.method} ${response.statusCode}`);
      response.end(request.method === 'GET' ? found : undefined);
    });
  }, 0);
  return { url, answers, close };
}

// As the store's documentation describes signature version 4 of a presigned URL.
function isSigned({ method, url = '', headers }: IncomingMessage): boolean {
  const [target = '', signature = ''] = url.split('&X-Amz-Signature=');
  const [path = '', query = ''] = target.split('?');
  const given = new URLSearchParams(query);
  const time = given.get('X-Amz-Date') ?? '';
  const scope = (given.get('X-Amz-Credential') ?? '').split('/').slice(1);
  const canonical = [method, path, query, `host:${headers.host}`, '', 'host', 'UNSIGNED-PAYLOAD'];
  const digest = createHash('sha256').update(canonical.join('\n')).digest('hex');
  const hmac = (key: string | Buffer, part: string) =>
    createHmac('sha256', key).update(part).digest();
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${secret}`);
  const signed = ['AWS4-HMAC-SHA256', time, scope.join('/'), digest].join('\n');
  return hmac(key, signed).toString('hex') === signature;
}

/** Plays an example whose container uploads a file, and that downloads it. */
export async function playUpload(
  name: string,
  simulator: Simulator,
  scene: ExampleScene,
): Promise<PlayedExample & { readonly answers: readonly string[] }> {
  const store = await startStore();
  const example = await playExample(name, simulator, {
    ...scene,
    expressions: {
      'secrets.AWS_ACCESS_KEY_ID': 'AKIAEXAMPLE',
      'secrets.AWS_SECRET_ACCESS_KEY': secret,
    },
    tools: {
      docker: 'cat > /dev/null',
      pip: ':',
      // The example expects presign.py beside it, and boto3 from the line before.
      python3: `export STORE_URL='${store.url}' PYTHONPATH='${boto3}' PYTHONDONTWRITEBYTECODE=1
exec "$(PATH="\${PATH#*:}" command -v python3)" "${examples}/$1"`,
    },
    during: async () => {
      await until(() => simulator.jobs().length > 0);
      await upload(environmentOf(simulator)['UPLOAD_URL'] ?? '');
    },
  });
  await store.close();
  return { ...example, answers: store.answers };
}

/** The environment that the newest cook has given its container. */
function environmentOf({ requests }: Simulator): Readonly<Record<string, unknown>> {
  const body = requests.findLast(({ path }) => path.endsWith('/cook'))?.body;
  const path = ['parameters', 'parameters', 'env'];
  const env = path.reduce<unknown>(
    (value, key) => (isMapping(value) ? value[key] : undefined),
    body,
  );
  return isMapping(env) ? env : {};
}

// The command that the example says its image ends with.
async function upload(url: unknown): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'container-'));
  writeFileSync(join(folder, 'model.safetensors'), made);
  const command = 'curl --fail --upload-file model.safetensors "$UPLOAD_URL"';
  const env = { PATH: process.env['PATH'], UPLOAD_URL: String(url) };
  await promisify(execFile)('bash', ['-ec', command], { cwd: folder, env });
  rmSync(folder, { recursive: true });
}
