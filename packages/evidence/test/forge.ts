import { createHash } from 'node:crypto'
import type { AnchorReceipt, AnyRecord, Checkpoint } from '@seamark/core'
import { canonicalJson } from '@seamark/log'
import { compareFiles, manifestMessage } from '../src/index.ts'
import { disclosed, patchA, storyLog } from './story.ts'
import { bundleOf, chunksOf, exportSigner, headOf, ORIGIN, RUN, type Bundle } from './world.ts'

export const log: readonly AnyRecord[] = storyLog()
export const checkpoint: Checkpoint = await headOf(log)
export const receipt: AnchorReceipt = {
  v: 1,
  kind: 'file',
  name: 'f',
  origin: ORIGIN,
  size: log.length,
  root: checkpoint.root,
  at: 1,
  body: { n: 1 },
}
export const artifact = {
  sha256: createHash('sha256').update(patchA).digest('hex'),
  size: patchA.length,
  open: () => chunksOf(patchA),
}
/** A good bundle of the story, with everything that one can hold but a receipt. */
export const bundle: Bundle = await bundleOf(log, { disclose: disclosed, artifacts: [artifact] })

/** A bundle with one file changed, and manifest and signature made right again by who holds the export key. */
export async function withFile(
  path: string,
  change: (bytes: Uint8Array) => Uint8Array | undefined,
  from = bundle,
): Promise<Bundle> {
  const old = from.find(([name]) => name === path)?.[1] ?? new Uint8Array()
  const next = change(old)
  const files = from.filter(([name]) => name !== path && !name.startsWith('manifest'))
  if (next !== undefined) files.push([path, next])
  return resigned(files)
}

/** Files with a manifest over them that the export key signed. */
export async function resigned(files: Bundle, changes: object = {}): Promise<Bundle> {
  const listed = files
    .map(([path, bytes]) => ({ path, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  const manifest = canonicalJson({
    version: 1,
    ns: 'default',
    run: RUN,
    origin: ORIGIN,
    size: log.length,
    files: listed,
    ...changes,
  })
  const { signature } = await exportSigner.sign(manifestMessage(manifest))
  return [['manifest.json', manifest], ['manifest.sig', signature], ...inOrder(files)]
}

/** Puts the files into the order of a bundle. */
export function inOrder(files: Bundle): Bundle {
  return files.toSorted(([a], [b]) => compareFiles(a, b))
}
