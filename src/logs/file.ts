import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import type { Bytes } from './diff.ts';

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

const encoder = new TextEncoder();
// Of UTF-8, three bytes a UTF-16 unit at most.
const bytesPerUnit = 3;

function openFile(path: string, flags: 'a+' | 'w+'): OpenFile {
  const file = openSync(path, flags);
  let { size } = fstatSync(file);
  // One for all reads and one for all writes: a large log would leave its own size in garbage.
  let forReads = new Uint8Array();
  let forWrites = new Uint8Array();

  const write = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) {
      at += writeSync(file, bytes, at, bytes.length - at, size + at);
    }
    size += bytes.length;
  };
  return {
    get size() {
      return size;
    },
    read: (at, length) => {
      if (forReads.length < length) forReads = new Uint8Array(length);
      const got = readSync(file, forReads, 0, length, at);
      return Buffer.from(forReads.buffer, 0, got);
    },
    append: (data) => {
      if (typeof data !== 'string') {
        write(data);
        return;
      }
      const most = data.length * bytesPerUnit;
      if (forWrites.length < most) forWrites = new Uint8Array(most);
      write(forWrites.subarray(0, encoder.encodeInto(data, forWrites).written));
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
