import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';
import type { NodeUrl } from './resources.ts';

/** How the machine differs from one that lets its owner in at once. */
export interface SshNodeOptions {
  /** Who may log in; default `duser`. */
  user?: string;
  /** The public keys that it lets in, as lines; asked at each login. */
  authorizedKeys: () => readonly string[];
  /** Commands that its image has: name to shell script. */
  tools?: Readonly<Record<string, string>>;
  /** What it says before anybody has logged in. */
  banner?: string;
}

/** A machine that one can log in to. Commands run in a folder of its own, which is their home. */
export interface SshNode {
  /** As `node_urls` has it. */
  readonly address: NodeUrl;
  /** Where `~` is. */
  readonly home: string;
  /** The commands that were run, in order: what a list of processes would show. */
  readonly commands: readonly string[];
  /** How many connections were let in. */
  readonly logins: () => number;
  /** Stops listening, or listens again. */
  readonly setListening: (isListening: boolean) => Promise<void>;
  /** Neither reads nor writes any more, without a word: as a machine that lost its network. */
  readonly freeze: () => void;
  /** Cuts every connection. */
  readonly drop: () => void;
  readonly close: () => Promise<void>;
}

/** Starts an SSH server on loopback, by an implementation of its own. */
export async function startSshNode(options: SshNodeOptions): Promise<SshNode> {
  const home = join(mkdtempSync(join(tmpdir(), 'ssh-node-')), 'home of duser');
  mkdirSync(home);
  const bin = join(home, '..', 'bin');
  mkdirSync(bin);
  for (const [name, script] of Object.entries(options.tools ?? {}))
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const commands: string[] = [];
  const connections = new Set<Connection>();
  const children = new Set<ChildProcess>();
  let logins = 0;
  let isFrozen = false;
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const server = new ssh2.Server(
    { hostKeys: [privateKey], ...(options.banner !== undefined && { banner: options.banner }) },
    (client) => {
      connections.add(client);
      client.on('close', () => connections.delete(client));
      client.on('error', () => {});
      authenticate(client, options);
      client.on('ready', () => {
        logins += 1;
        if (isFrozen) freeze(client);
        client.on('session', (accept) => {
          accept().on('exec', (acceptExec, _, { command }) => {
            commands.push(command);
            const child = run(acceptExec(), command, home);
            children.add(child);
            child.once('close', () => children.delete(child));
          });
        });
      });
    },
  );
  const listen = async (port: number) =>
    new Promise<number>((resolve) => {
      server.listen(port, '127.0.0.1', () => {
        resolve((server.address() as AddressInfo).port);
      });
    });
  const port = await listen(0);
  const stop = async () =>
    new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  const drop = () => {
    for (const client of connections) socketOf(client).destroy();
  };
  return {
    address: { description: 'ssh', hostname: '127.0.0.1', port, protocol: 'tcp' },
    home,
    commands,
    logins: () => logins,
    setListening: async (isListening) => {
      if (isListening) await listen(port);
      // Those that are connected stay so.
      else void stop();
    },
    freeze: () => {
      isFrozen = true;
      for (const client of connections) freeze(client);
    },
    drop,
    close: async () => {
      drop();
      for (const { pid } of children) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      await stop().catch(() => {});
    },
  };
}

function socketOf(client: Connection): Socket {
  // eslint-disable-next-line no-underscore-dangle -- the library has no other way to it
  return (client as unknown as { _sock: Socket })._sock;
}

function freeze(client: Connection): void {
  const socket = socketOf(client);
  socket.pause();
  socket.removeAllListeners('data');
  socket.write = () => true;
}

function authenticate(
  client: Connection,
  { user = 'duser', authorizedKeys }: SshNodeOptions,
): void {
  client.on('authentication', (context) => {
    if (context.method !== 'publickey' || context.username !== user) {
      context.reject(['publickey']);
      return;
    }
    const allowed = authorizedKeys().map((line) => ssh2.utils.parseKey(line));
    const key = allowed.find(
      (each) => !(each instanceof Error) && each.getPublicSSH().equals(context.key.data),
    );
    const isSigned =
      key !== undefined &&
      !(key instanceof Error) &&
      (context.signature === undefined ||
        key.verify(context.blob ?? Buffer.alloc(0), context.signature, context.hashAlgo));
    if (isSigned) context.accept();
    else context.reject(['publickey']);
  });
}

// As sshd does without a terminal: in a session of its own, which the end of the connection leaves
// alone.
function run(channel: ServerChannel, command: string, home: string): ChildProcess {
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: home,
    detached: true,
    env: { HOME: home, PATH: `${join(home, '..', 'bin')}:${process.env['PATH']}` },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  channel.on('error', () => {});
  child.stdin.on('error', () => {});
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.once('close', (code, signal) => {
    if (code === null) channel.exit(signal ?? 'SIGTERM');
    else channel.exit(code);
    channel.end();
  });
  return child;
}
