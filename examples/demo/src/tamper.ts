import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BundleManifest } from '@seamark/core'
import { manifestMessage, parseManifest } from '@seamark/evidence'
import { sha256Hex } from '@seamark/kit'
import {
  canonicalJson,
  formatCheckpoint,
  leafHash,
  multiProofVerifier,
  parseCanonical,
  parseCheckpoint,
  parseHeader,
  runSegment,
  signNote,
  toHex,
} from '@seamark/log'

/** Flips one bit in the middle of the records of a bundle that is a tar; gives the byte's place. */
export function flipByte(tar: string): number {
  const bytes = readFileSync(tar)
  const at = bytes.indexOf('"item.settled"') + 3
  bytes[at] = (bytes[at] ?? 0) ^ 0x01
  writeFileSync(tar, bytes)
  return at
}

/**
 * What a forger without the keys can do at best, to a bundle that is a folder: edits a record, makes the run's chain,
 * its seal, the tree's root and the manifest fit again, and signs both with keys of their own. Gives what was edited.
 */
export async function forge(folder: string): Promise<string> {
  const read = (name: string) => readFileSync(join(folder, name))
  const write = (name: string, bytes: Uint8Array | string) => writeFileSync(join(folder, name), bytes)
  const { lines, leaves, edited } = rewrite(read('records.jsonl').toString('utf8').trimEnd().split('\n'))
  write('records.jsonl', lines.map((line) => `${line}\n`).join(''))

  const checkpoint = parseCheckpoint(read('checkpoint').toString('utf8'))
  const tree = multiProofVerifier(checkpoint.size, read('proof.bin'))
  for (const { seq, leaf } of leaves) tree.add(seq, leaf)
  const root = tree.finish()
  if (typeof root === 'string') throw new Error(`The forged tree has no root: ${root}`)
  const log = key()
  const note = await signNote(formatCheckpoint({ ...checkpoint, root: toHex(root) }), {
    name: checkpoint.origin,
    key: log.raw,
    sign: async (bytes) => log.sign(bytes),
  })
  write('checkpoint', note)

  const manifest = parseManifest(read('manifest.json'))
  const files = manifest.files.map(({ path }) => {
    const bytes = read(path)
    return { path, size: bytes.length, sha256: sha256Hex(bytes) }
  })
  const forged: BundleManifest = { ...manifest, files }
  const bytes = canonicalJson(forged)
  write('manifest.json', bytes)
  write('manifest.sig', key().sign(manifestMessage(bytes)))
  return edited
}

/** Edits one record and makes everything after it in the run fit. */
function rewrite(records: readonly string[]): {
  readonly lines: readonly string[]
  readonly leaves: readonly { readonly seq: number; readonly leaf: Uint8Array }[]
  readonly edited: string
} {
  const lines: string[] = []
  const leaves: { seq: number; leaf: Uint8Array }[] = []
  let segment = runSegment(0, 0)
  let previous: string | undefined
  let edited = ''
  for (const line of records) {
    const record = fields(line)
    if (previous !== undefined) record.set('prevInRun', previous)
    if (edited === '' && record.get('kind') === 'item.launched') {
      edited = `record ${String(record.get('seq'))} edited (who launched ${String(record.get('item'))})`
      record.set('actor', 'local:0000')
    }
    if (record.get('kind') === 'run.sealed') {
      const { data } = parseHeader(Buffer.from(line))
      if ('status' in data) record.set('data', segment.seal(data.status))
    }
    const bytes = canonicalJson(Object.fromEntries(record))
    const leaf = leafHash(bytes)
    lines.push(Buffer.from(bytes).toString('utf8'))
    leaves.push({ seq: Number(record.get('seq')), leaf })
    previous = toHex(leaf)
    if (record.get('kind') === 'run.sealed') segment = runSegment(segment.segment + 1, Number(record.get('runSeq')) + 1)
    else segment.append(leaf)
  }
  return { lines, leaves, edited }
}

function fields(line: string): Map<string, unknown> {
  const value = parseCanonical(Buffer.from(line))
  return new Map(Object.entries(typeof value === 'object' && value !== null ? value : {}))
}

function key(): { readonly raw: Uint8Array; sign(bytes: Uint8Array): Uint8Array } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  return { raw, sign: (bytes) => sign(null, bytes, privateKey) }
}
