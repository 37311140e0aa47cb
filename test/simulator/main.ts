import { parseArgs } from 'node:util';
import { startSimulator } from './server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    generation: { type: 'string', default: 'new' },
  },
});

if (values.generation !== 'new' && values.generation !== 'old') {
  throw new Error(`--generation is new or old, not ${values.generation}`);
}

const simulator = await startSimulator({
  port: Number(values.port),
  generation: values.generation,
  log: (line) => console.log(line),
});

console.log(
  JSON.stringify({
    url: simulator.url,
    public_key: simulator.publicKey,
    secret_key: simulator.secretKey,
    recipe_uuids: simulator.recipeUuids,
  }),
);

// The listener alone keeps no process alive.
const alive = setInterval(() => {}, 60_000);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    clearInterval(alive);
    void simulator.close();
  });
}
