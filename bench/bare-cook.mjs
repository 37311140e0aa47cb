// The floor: what a cook costs with nothing but Node, in one short script without any promise kept.
import { createHash, createHmac, randomBytes } from 'node:crypto';

const { API_URL, RECIPE, PUBLIC_KEY, SECRET_KEY } = process.env;

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}

function escape(text) {
  return text.replace(
    /[^\u0020-\u007e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const method = 'POST';
const path = `/v1/job-recipes/${RECIPE}/cook`;
const body = escape(JSON.stringify(sorted({ title: 'Bare' })));
const time = String(Date.now());
const nonce = randomBytes(16).toString('hex');
const hash = createHash('sha256').update(body).digest('hex');
const text = [PUBLIC_KEY, time, nonce, method, path, '', hash].join('|');
const signature = createHmac('sha256', SECRET_KEY).update(text).digest('hex');

const answer = await fetch(API_URL + path, {
  method,
  body,
  headers: {
    'Content-Type': 'application/json',
    'X-API-Key': PUBLIC_KEY,
    'X-Time': time,
    'X-Nonce': nonce,
    'X-Signature': signature,
  },
});
console.log((await answer.json()).uuid);
