import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import type { Bytes } from './log-overlap.ts';

/** A file that is open, and can be written at its end. */
export interface OpenFile extends Bytes {
  readonly append: (data: string | Buffer) => void;
  readonly empty: () => void;
  readonly close: () => void;
}

/** Opens a file to go on with it; made where there is none. */
export function openToAppend(path: string): OpenFile {
  return openFile(path, 'a+');
}

/** Opens an empty file that is gone when it is closed. */
export function openScratch(path: string): OpenFile {
  const file = openFile(path, 'w+');
  return {
    ...file,
    get size() {
      return file.size;
    },
    close: () => {
      file.close();
      rmSync(path, { force: true });
    },
  };
}

function openFile(path: string, flags: 'a+' | 'w+'): OpenFile {
  const file = openSync(path, flags);
  let { size } = fstatSync(file);
  return {
    get size() {
      return size;
    },
    read: (at, length) => {
      const buffer = Buffer.allocUnsafe(length);
      return buffer.subarray(0, readSync(file, buffer, 0, length, at));
    },
    append: (data) => {
      const bytes = Buffer.from(data);
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, undefined, size + at);
      size += bytes.length;
    },
    empty: () => {
      ftruncateSync(file);
      size = 0;
    },
    close: () => {
      closeSync(file);
    },
  };
}
