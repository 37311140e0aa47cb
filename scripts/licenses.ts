import { readdirSync, readFileSync } from 'node:fs';
import * as z from 'zod';

// ncc's own license option keeps the packages of the last chunk only, so the list is made from the
// bundler's statistics.

interface NestedModule {
  readonly name: string;
  readonly modules?: readonly NestedModule[] | undefined;
}

const nestedSchema: z.ZodType<NestedModule> = z.object({
  name: z.string(),
  get modules() {
    return z.array(nestedSchema).optional();
  },
});

/**
 * Name, license, and license text of every package in a bundle, in alphabetical order.
 * @param stats webpack's statistics
 * @param root the project's folder
 */
export function collectLicenses(stats: unknown, root: URL): string {
  const { modules } = z.object({ modules: z.array(nestedSchema) }).parse(stats);
  const folders = new Set(modules.flatMap(packageFolders));
  return [...folders]
    .toSorted()
    .map((folder) => describePackage(new URL(`${folder}/`, root)))
    .join('\n');
}

function packageFolders({ name, modules = [] }: NestedModule): readonly string[] {
  const own = /^.*?(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(name)?.[1];
  return [...(own === undefined ? [] : [own]), ...modules.flatMap(packageFolders)];
}

const packageSchema = z.object({ name: z.string(), license: z.string() });

function describePackage(folder: URL): string {
  const text = readFileSync(new URL('package.json', folder), 'utf8');
  const { name, license } = packageSchema.parse(JSON.parse(text));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const terms = file === undefined ? '' : `${readFileSync(new URL(file, folder), 'utf8').trim()}\n`;
  return `${name}\n${license}\n${terms}`;
}
