import { SeamError } from '@seamark/kit'
import { fromBase64, toBase64 } from './base64.ts'
import { LIMITS } from './limits.ts'
import { noteKeyId, requireKeyName, type VerifierKey } from './verifier-key.ts'
import { verifyEd25519 } from './ed25519.ts'

/** One signature line of a note. */
export interface NoteSignature {
  readonly name: string
  /** Lower-case hex of the 4 bytes that say which key of that name it is. */
  readonly keyId: string
  readonly signature: Uint8Array
}

/** A signed note (c2sp.org/signed-note) taken apart; nothing of it is verified yet. */
export interface Note {
  /** What is signed, with its final newline. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** What a note is worth to someone who knows some keys. */
export interface NoteVerdict {
  /** Known keys that signed. */
  readonly verified: readonly VerifierKey[]
  /** Known keys whose signature does not verify: the note must be rejected. */
  readonly broken: readonly VerifierKey[]
  /** Lines from keys that are not known; they say nothing. */
  readonly unknown: number
}

const dash = '\u2014 '
const encoder = new TextEncoder()
const control = /[\u0000-\u0009\u000b-\u001f]/

/** Takes a note apart. Errors: `INVALID_INPUT`; `LIMIT_EXCEEDED` over 64 kB or 64 signatures. */
export function parseNote(note: string): Note {
  if (note.length > LIMITS.noteBytes) throw new SeamError('LIMIT_EXCEEDED', 'The note is over 64 kB.')
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n') || control.test(note) || !note.isWellFormed())
    throw malformed('it has no text, blank line and signature lines')
  const lines = note.slice(split + 2, -1).split('\n')
  if (lines.length > LIMITS.noteSignatures) throw new SeamError('LIMIT_EXCEEDED', 'The note has over 64 signatures.')
  return { text: note.slice(0, split + 1), signatures: lines.map(parseLine) }
}

/** A note from its parts. */
export function formatNote({ text, signatures }: Note): string {
  requireText(text)
  return text + '\n' + signatures.map(formatLine).join('')
}

/** Judges a note by the keys that are known. Ed25519 only. */
export function verifyNote(note: Note, known: readonly VerifierKey[]): NoteVerdict {
  const verified = new Set<VerifierKey>()
  const broken = new Set<VerifierKey>()
  let unknown = 0
  for (const line of note.signatures) {
    const key = known.find((candidate) => candidate.name === line.name && candidate.keyId === line.keyId)
    if (key === undefined) unknown++
    else if (verifyEd25519(key.key, encoder.encode(note.text), line.signature)) verified.add(key)
    else broken.add(key)
  }
  return { verified: [...verified].filter((key) => !broken.has(key)), broken: [...broken], unknown }
}

/** The same note without lines that `keep` does not want. */
export function stripNote(note: string, keep: readonly Pick<VerifierKey, 'name' | 'keyId'>[]): string {
  const { text, signatures } = parseNote(note)
  const kept = signatures.filter((line) => keep.some((key) => key.name === line.name && key.keyId === line.keyId))
  if (kept.length === 0) throw new SeamError('NOT_FOUND', 'The note has no signature of the keys to keep.')
  return formatNote({ text, signatures: kept })
}

/** Signs a text with an Ed25519 key. `sign` gets the bytes as they are. Errors: `INVALID_INPUT` and those of `sign`. */
export async function signNote(
  text: string,
  signer: { readonly name: string; readonly key: Uint8Array; sign(bytes: Uint8Array): Promise<Uint8Array> },
): Promise<string> {
  requireText(text)
  requireKeyName(signer.name)
  const bytes = encoder.encode(text)
  const signature = await signer.sign(bytes)
  if (!verifyEd25519(signer.key, bytes, signature))
    throw new SeamError('INTEGRITY', `The signature that was made for ${signer.name} is not by its key.`, {
      remedy: 'Check that the signer uses the key that was pinned.',
    })
  return formatNote({ text, signatures: [{ name: signer.name, keyId: noteKeyId(signer.name, signer.key), signature }] })
}

function parseLine(line: string): NoteSignature {
  const [name = '', encoded = '', ...rest] = line.slice(dash.length).split(' ')
  if (!line.startsWith(dash) || rest.length > 0) throw malformed('a signature line is not `— name base64`')
  requireKeyName(name)
  const bytes = fromBase64(encoded)
  if (bytes.length < 5) throw malformed('a signature has no bytes')
  return { name, keyId: Buffer.from(bytes.subarray(0, 4)).toString('hex'), signature: bytes.subarray(4) }
}

function formatLine({ name, keyId, signature }: NoteSignature): string {
  return `${dash}${name} ${toBase64(Buffer.concat([Buffer.from(keyId, 'hex'), signature]))}\n`
}

function requireText(text: string): void {
  if (!text.endsWith('\n') || control.test(text) || !text.isWellFormed())
    throw malformed('its text does not end in a newline or holds control characters')
}

function malformed(why: string): SeamError {
  return new SeamError('INVALID_INPUT', `It is no signed note: ${why}.`)
}
