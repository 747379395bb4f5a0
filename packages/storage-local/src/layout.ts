import { keySegments } from '@seamark/kit'

// Names in the store use characters that no key has: `@` ends an object's name, so that `a` and
// `a/b` can both be keys; `+` joins the pieces of a segment that is too long for a file name; `^`
// stands before a letter that is upper case, so that file systems without case keep keys apart.
const pieceLength = 100

/** Folder of bodies that are still being written; no key's path. */
export const TEMP_FOLDER = '@tmp'

function encode(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => '^' + letter.toLowerCase())
}

function pieces(segment: string, suffix: string): string[] {
  const out: string[] = []
  for (let at = 0; at < segment.length; at += pieceLength) {
    const lead = at === 0 ? '' : '+'
    const tail = at + pieceLength < segment.length ? '+' : suffix
    out.push(lead + encode(segment.slice(at, at + pieceLength)) + tail)
  }
  return out
}

/** Names of the folders and, last, of the file of a key. Errors: `INVALID_INPUT`. */
export function pathOfKey(key: string): readonly string[] {
  const segments = keySegments(key)
  return segments.flatMap((segment, index) => pieces(segment, index === segments.length - 1 ? '@' : ''))
}

/** What a name in the store stands for; `undefined` for one that this package did not make. */
export interface StoreName {
  /** Whether it goes on with the segment of the folder it is in. */
  readonly goesOn: boolean
  readonly text: string
  /** `more`: a folder with the rest of a long segment. */
  readonly type: 'object' | 'folder' | 'more'
}

export function parseName(name: string): StoreName | undefined {
  const match = /^(\+?)((?:[a-z0-9._-]|\^[a-z])+)([@+]?)$/.exec(name)
  if (match === null) return undefined
  const [, lead = '', encoded = '', tail = ''] = match
  return {
    goesOn: lead === '+',
    text: encoded.replace(/\^([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    type: tail === '@' ? 'object' : tail === '+' ? 'more' : 'folder',
  }
}
